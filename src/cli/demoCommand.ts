import {randomUUID} from 'node:crypto';
import {targetMsOf} from './burst/criterion.ts';
import {interruptible} from './burst/interrupt.ts';
import {failed} from './demo/criteria.ts';
import type {DemoFigures} from './demo/figures.ts';
import {figuresAsJson, report} from './demo/report.ts';
import {runDemo} from './demo/run.ts';
import {clusterStage, embeddedStage} from './demo/stage.ts';
import {version} from './version.ts';

export interface DemoOptions {
  readonly requests: number;
  readonly workers: number;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly json?: boolean;
}

/**
 * `berth demo`. The exit code is 0 when every criterion held, 1 when one did not, 130 when it was
 * interrupted; what it created is removed in each case.
 */
export async function runDemoCommand(options: DemoOptions): Promise<void> {
  await interruptible('demo', async ({progress, interrupt}) => {
    const figures = await stageAndRun(options, progress, interrupt);
    print(figures, options.json ?? false);
    return failed(figures).length === 0 ? 0 : 1;
  });
}

async function stageAndRun(
  {requests, workers, kubeconfig: kubeconfigPath, context}: DemoOptions,
  progress: (line: string) => void,
  interrupt: AbortSignal,
): Promise<DemoFigures> {
  const stage =
    kubeconfigPath === undefined
      ? embeddedStage(progress)
      : await clusterStage({kubeconfigPath, context, progress, signal: interrupt});
  const {transport, server, ledger, startOperator} = stage;
  const name = `berth-demo-${randomUUID().slice(0, 8)}`;
  try {
    return await stage.inTurn(interrupt, (signal) =>
      runDemo({
        transport,
        name,
        requests,
        workers,
        targetMs: targetMsOf(requests),
        server,
        ledger,
        progress,
        signal,
        startOperator: (over) => startOperator(name, over),
      }),
    );
  } finally {
    await transport.close();
  }
}

function print(figures: DemoFigures, asJson: boolean): void {
  const text = asJson
    ? JSON.stringify({version, node: process.version, ...figuresAsJson(figures)}, undefined, 2)
    : report(figures).join('\n');
  process.stdout.write(`${text}\n`);
}

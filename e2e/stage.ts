import {inject} from 'vitest';
import type {Transport} from '../src/kube/transport.ts';
import {openApiServerStage} from './apiServerStage.ts';
import {openKindStage} from './kindStage.ts';
import type {LedgerChoice} from './ledgerUnderTest.ts';

/** Where the tests run: what `globalSetup.ts` found on this machine. */
export type Ground =
  | {readonly on: 'kind'; readonly image: string}
  | {readonly on: 'API server and processes'};

declare module 'vitest' {
  interface ProvidedContext {
    berthGround: Ground;
  }
}

/** One replica of the operator, wherever it runs. */
export interface Replica {
  /** The last lines it logged; for a failed test. */
  readonly log: string;
  readyz(): Promise<string>;
  isReady(): Promise<boolean>;
  /** Waits until it leads and takes batches. */
  untilLeading(): Promise<void>;
  /** Sum of a metric over its labels that match. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Ends it as Kubernetes does, and returns its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash does: without a farewell. Harmless when it has ended. */
  kill(): Promise<void>;
}

/** Berth as a user installed it. */
export interface Installed {
  /** kubectl as the admin. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl apply` of a manifest. */
  kubectlApply(manifest: string): Promise<string>;
  /** One more replica; it need not lead by then. */
  startOperator(...further: readonly string[]): Promise<Replica>;
}

/** A cluster of its own with Berth in it, without a replica yet. */
export interface Stage {
  /** Connections as the admin, closed with the stage. */
  transport(): Transport;
  /**
   * Ledger updates so far, counted by somebody else: the API server's metrics, or Redis'
   * statistics.
   */
  commits(): Promise<number>;
  readonly installation: Installed;
  /** Ends everything but the replicas. */
  close(): Promise<void>;
}

/** Opens a stage for a ledger on the ground of this run. */
export function openStage(choice: LedgerChoice): Promise<Stage> {
  const ground = inject('berthGround');
  return ground.on === 'kind' ? openKindStage(choice, ground.image) : openApiServerStage(choice);
}

import type {PodRecord} from './nextStep.ts';
import {assignmentAnnotation, containerName, podLabels} from './podTemplate.ts';

interface RawPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly phase?: PodRecord['phase'];
    readonly startTime?: string;
    readonly message?: string;
    readonly reason?: string;
    readonly conditions?: readonly {readonly type: string; readonly status: string}[];
    readonly containerStatuses?: readonly {
      readonly name?: string;
      readonly state?: {
        readonly running?: {readonly startedAt?: string};
        readonly terminated?: {
          readonly exitCode: number;
          readonly startedAt?: string;
          readonly message?: string;
          readonly reason?: string;
        };
      };
    }[];
  };
}

/**
 * A Pod as the life of its request sees it. The API server has validated its shape: it is core/v1.
 */
export function parsePod(object: unknown): PodRecord {
  const {metadata, status} = object as RawPod;
  // Others beside it are what admission webhooks put there.
  const state = status?.containerStatuses?.find(({name}) => name === containerName)?.state;
  const startedAt = state?.terminated?.startedAt ?? state?.running?.startedAt ?? status?.startTime;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    requestUid: metadata.labels?.[podLabels.requestUid] ?? '',
    assignmentId: metadata.annotations?.[assignmentAnnotation] ?? '',
    phase: status?.phase ?? 'Pending',
    deleting: metadata.deletionTimestamp !== undefined,
    startedMs: startedAt === undefined ? undefined : Date.parse(startedAt),
    exitCode: state?.terminated?.exitCode,
    interrupted: status !== undefined && isInterrupted(status),
    message:
      state?.terminated?.message ??
      state?.terminated?.reason ??
      status?.message ??
      status?.reason ??
      '',
  };
}

/**
 * Failed without an exit code: its kubelet refused it (OutOfcpu, NodeShutdown), nothing of it ran.
 */
function isInterrupted({phase, conditions, containerStatuses}: NonNullable<RawPod['status']>) {
  const isDisrupted = conditions?.some(
    ({type, status}) => type === 'DisruptionTarget' && status === 'True',
  );
  const hasEnded = containerStatuses?.some(({state}) => state?.terminated !== undefined);
  return isDisrupted === true || (phase === 'Failed' && hasEnded !== true);
}

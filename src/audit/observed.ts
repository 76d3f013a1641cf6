/** The kinds of object that an audit looks at. */
export type Kind = 'request' | 'worker' | 'ledger' | 'lease';

/** One event of a raw watch, as the API server sent it. */
export interface ObservedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ObservedObject;
}

export interface ObservedCondition {
  readonly type: string;
  readonly status?: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export interface ObservedTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface ObservedToleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface ObservedSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Sums in the status of a Worker. */
export interface ObservedSums {
  readonly cpu?: string | number;
  readonly memory?: string | number;
  readonly gpuMillis?: number;
}

/** The few fields that an audit reads; everything may be absent, nothing is trusted. */
export interface ObservedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly resources?: {
      readonly cpu?: string | number;
      readonly memory?: string | number;
      readonly gpu?: {
        readonly count?: number;
        readonly types?: readonly string[];
        readonly shareMillis?: number;
      };
    };
    readonly capacity?: {
      readonly cpu?: string | number;
      readonly memory?: string | number;
      readonly gpu?: {readonly type?: string; readonly count?: number};
      readonly containers?: number;
    };
    readonly priority?: number;
    readonly poolName?: string;
    readonly workerName?: string;
    readonly workerSelector?: ObservedSelector;
    readonly tolerations?: readonly ObservedToleration[];
    readonly taints?: readonly ObservedTaint[];
    readonly suspend?: boolean;
    readonly unschedulable?: boolean;
    readonly holderIdentity?: string | null;
    readonly leaseTransitions?: number | null;
  };
  readonly status?: {
    readonly phase?: string;
    readonly workerName?: string;
    readonly scheduledTime?: string;
    readonly assignment?: {
      readonly id?: string;
      readonly epoch?: number;
      readonly gpuDevices?: readonly number[];
      readonly affinity?: string;
    };
    readonly conditions?: readonly ObservedCondition[];
    readonly allocated?: ObservedSums;
    readonly free?: ObservedSums;
    readonly containers?: number;
    readonly epoch?: number;
    readonly cycle?: number;
    readonly inFlight?: readonly LedgerRecord[];
  };
}

/** What a ledger holds for one request. */
export interface LedgerRecord {
  readonly uid: string;
  readonly workerName: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly gpuDevices?: readonly number[];
  readonly gpuMillis?: number;
}

import {z} from 'zod';
import {MAX_IN_FLIGHT} from './api/ledgerSchema.ts';

/**
 * Every setting and every limit of the operator, each with its sentence. This schema is the only
 * source: flags (`--ledger-redis-url`), environment (`BERTH_LEDGER_REDIS_URL`), the config file
 * (camelCase YAML) and the printed effective configuration all follow from it (`cli/settings.ts`).
 */
const count = (fallback: number, max: number) => z.int().min(1).max(max).default(fallback);
const milliseconds = (fallback: number, max = 3_600_000) =>
  z.int().min(1).max(max).default(fallback);
const text = (max = 1024) => z.string().min(1).max(max);
const bindAddress = (fallback: string) =>
  z
    .string()
    .regex(/^.*:\d{1,5}$/, 'wanted HOST:PORT, for example 0.0.0.0:8080 (port 0 takes a free one)')
    .default(fallback);

/** By the parser that the connection uses: a pattern would refuse or let pass something else. */
export function isRedisUrl(value: string): boolean {
  return /^rediss?:\/\//.test(value) && URL.canParse(value) && new URL(value).hostname !== '';
}

const redis = z.strictObject({
  url: text()
    .refine(isRedisUrl, 'wanted redis://HOST:PORT[/DATABASE] or rediss://HOST:PORT[/DATABASE]')
    .default('redis://127.0.0.1:6379')
    .describe('Where Redis is: redis://HOST:PORT[/DATABASE], or rediss:// for TLS.'),
  username: text().optional().describe('ACL user; the one of the URL when absent.'),
  passwordFile: text().optional().describe('File that holds the password, read at each connect.'),
  keyPrefix: z
    .string()
    .regex(
      /^[A-Za-z0-9:_-]{1,64}$/,
      'wanted 1 to 64 letters, digits, colons, dashes or underscores',
    )
    .default('berth')
    .describe('Start of every key; one ledger, one prefix, one hash slot.'),
  commandTimeoutMs: milliseconds(1_000).describe(
    'A command without a reply by then counts as an outage.',
  ),
  tls: z
    .strictObject({
      enabled: z.boolean().default(false).describe('TLS also where the URL says redis://.'),
      caFile: text().optional().describe('Certificate authority, PEM.'),
      certFile: text().optional().describe('Client certificate, PEM.'),
      keyFile: text().optional().describe('Key of the client certificate, PEM.'),
      serverName: text().optional().describe('Name that the certificate must carry.'),
    })
    .prefault({}),
});

export const configSchema = z.strictObject({
  ledger: z
    .strictObject({
      kind: z
        .enum(['kubernetes', 'redis', 'memory'])
        .default('kubernetes')
        .describe('Who owns capacity at commit time.'),
      name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'wanted a DNS label')
        .default('berth')
        .describe('Name of the Ledger object, or hash tag of the keys in Redis.'),
      maxInFlight: count(MAX_IN_FLIGHT, MAX_IN_FLIGHT).describe(
        'Records of the Ledger object; a write costs API-server time linear in its bytes.',
      ),
      redis: redis.prefault({}),
    })
    .prefault({}),
  batch: z
    .strictObject({
      maxRequests: count(512, 4_096).describe(
        'A batch closes at this size; one Redis script above 512 stalls others.',
      ),
      idleMs: milliseconds(5).describe(
        'A batch closes after this long without a new request; after such a pause at once.',
      ),
      maxMs: milliseconds(25).describe('A batch closes this long after its first request.'),
    })
    .prefault({}),
  queue: z
    .strictObject({
      maxRequests: count(500_000, 2_000_000).describe(
        'Requests known at once; one more is refused, counted and said.',
      ),
      maxWorkers: count(20_000, 100_000).describe('Workers known at once.'),
      backoffBaseMs: milliseconds(50).describe('First backoff of a requeued request, full jitter.'),
      backoffMaxMs: milliseconds(30_000).describe('Longest backoff.'),
    })
    .prefault({}),
  status: z
    .strictObject({
      connections: count(32, 256).describe(
        'Placement writes under way at once; more only worsen the p99.',
      ),
      pendingConnections: count(4, 32).describe('Writes of waiting reasons under way at once.'),
      maxAhead: count(64, 65_536).describe(
        'Placements still unwritten when the next batch is taken: enough to keep the connections busy during its commit.',
      ),
      maxOutstanding: count(4_096, 65_536).describe(
        'Writes not yet answered; then the cycle waits.',
      ),
      workerIntervalMs: milliseconds(1_000).describe(
        'A Worker status is written at most this often.',
      ),
    })
    .prefault({}),
  cache: z
    .strictObject({
      assumeTimeoutMs: milliseconds(30_000).describe(
        'An assumption unconfirmed for so long is looked up, not guessed.',
      ),
      auditIntervalMs: milliseconds(300_000, 86_400_000).describe(
        'The cache is compared with a fresh list this often.',
      ),
    })
    .prefault({}),
  watch: z
    .strictObject({
      pageSize: count(500, 5_000).describe(
        'Objects a list page; one unpaged list of 100,000 blocks the loop for 2 s.',
      ),
      timeoutSeconds: count(300, 3_600).describe(
        'The server ends a watch after this and a random part more.',
      ),
      silenceMs: milliseconds(90_000).describe(
        'A watch without even a bookmark for so long is dropped.',
      ),
    })
    .prefault({}),
  leaderElection: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Off only where nothing else can ever run beside it.'),
      namespace: text(63)
        .optional()
        .describe(
          'Namespace of the Lease, one for all operators of a ledger; the own one in a cluster, else `default`.',
        ),
      leaseName: text(63).default('berth').describe('Name of the Lease.'),
      leaseDurationSeconds: count(15, 3_600).describe('A Lease not renewed for so long is free.'),
      renewDeadlineSeconds: count(10, 3_600).describe(
        'A leader that cannot renew for so long leaves.',
      ),
      retryPeriodSeconds: count(2, 600).describe('Time between tries to take or renew the Lease.'),
    })
    .prefault({}),
  lifecycle: z
    .strictObject({
      workerLostSeconds: count(40, 3_600).describe('A worker silent for so long is lost.'),
      maxLostShare: z
        .number()
        .min(0.01)
        .max(1)
        .default(0.5)
        .describe('More than this share lost at once: the fault is ours; stop and say so.'),
    })
    .prefault({}),
  events: z
    .strictObject({
      perSecond: count(10, 1_000).describe(
        'Events written a second; the rest is dropped and counted.',
      ),
      normalPerSecond: count(2, 1_000).describe(
        'Of these, about what went well; an Event costs the API server as much as a placement.',
      ),
      burst: count(25, 10_000).describe('Events written at once.'),
    })
    .prefault({}),
  metrics: z
    .strictObject({bindAddress: bindAddress('0.0.0.0:8080').describe('Where /metrics is served.')})
    .prefault({}),
  health: z
    .strictObject({
      bindAddress: bindAddress('0.0.0.0:8081').describe('Where /healthz and /readyz are served.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least serious level written.'),
    })
    .prefault({}),
  kubernetes: z
    .strictObject({
      kubeconfig: text()
        .optional()
        .describe('Kubeconfig file; the usual places when absent, then the cluster it runs in.'),
      context: text(253).optional().describe('Context of the kubeconfig.'),
      requestTimeoutMs: milliseconds(10_000).describe(
        'A call without a whole reply by then has failed; of the Lease and of watches apart.',
      ),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      drainMs: milliseconds(10_000).describe(
        'SIGTERM lets placements under way be written for so long.',
      ),
    })
    .prefault({}),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Limits that nobody has had a reason to set. What belongs to a protocol or to one algorithm (bytes
 * of a reply, tries of one update) stands beside that, which knows no configuration.
 */
export const fixedLimits = {
  /** Requests in the first batch of a leader, and how many times as many in each next one. */
  firstBatch: 16,
  batchGrowth: 4,
  /** Releases one ledger update carries; the others wait for the next one. */
  releasesPerCommit: 4_096,
  /** Releases that no batch takes along are committed after so long. */
  idleFlushMs: 1_000,
  /** Waiting reasons taken from the queue at once: it may hold 100,000 of them. */
  reportPageSize: 64,
  /**
   * Steps after a placement (a Pod, an end, a Worker of a Node) under way at once, beside binds.
   */
  lifecycleConcurrency: 8,
  /** A Worker made of a Node is written at most this often. */
  nodeRoundMs: 1_000,
  /** Events that may wait, as so many seconds of their budget. */
  eventBacklogSeconds: 20,
  /** Assumptions without an end and silent workers are looked for this often. */
  housekeepingMs: 5_000,
  /** Time between tries to reach an API server that cannot be used yet. */
  connectRetryMs: 2_000,
  /** Of each list and watch, beside its settings; see `watch/watchLimits.ts`. */
  watch: {
    backoffBaseMs: 50,
    backoffMaxMs: 30_000,
    briefSeconds: 3,
    longList: 10_000,
    usefulMs: 5_000,
    stuckTries: 3,
    rememberedDeletions: 16_384,
    auditGraceMs: 2_000,
    maxRepairs: 1_000,
  },
} as const;

/** The configuration with every default; for tests, the demo and the simulation. */
export function defaultConfig(overrides: z.input<typeof configSchema> = {}): Config {
  const config = configSchema.parse(overrides);
  assertRelations(config);
  return config;
}

/**
 * Checks what no single field can say.
 * @throws Error naming both settings, their values and the wanted relation
 */
export function assertRelations(config: Config): void {
  const {leaderElection: lease, batch, status, ledger, queue} = config;
  const relations: readonly [holds: boolean, sentence: string][] = [
    [
      lease.leaseDurationSeconds > lease.renewDeadlineSeconds,
      `leaderElection.leaseDurationSeconds (${lease.leaseDurationSeconds}) must be above renewDeadlineSeconds (${lease.renewDeadlineSeconds}), or two leaders overlap`,
    ],
    [
      lease.renewDeadlineSeconds > lease.retryPeriodSeconds * 1.2,
      `leaderElection.renewDeadlineSeconds (${lease.renewDeadlineSeconds}) must be above 1.2 x retryPeriodSeconds (${lease.retryPeriodSeconds}), or one lost reply ends a leadership`,
    ],
    [
      batch.idleMs <= batch.maxMs,
      `batch.idleMs (${batch.idleMs}) must not be above batch.maxMs (${batch.maxMs})`,
    ],
    [
      batch.maxRequests <= ledger.maxInFlight,
      `batch.maxRequests (${batch.maxRequests}) must not be above ledger.maxInFlight (${ledger.maxInFlight}), or a batch can never be committed`,
    ],
    [
      batch.maxRequests <= status.maxOutstanding,
      `batch.maxRequests (${batch.maxRequests}) must not be above status.maxOutstanding (${status.maxOutstanding}), or the cycle waits for ever`,
    ],
    [
      queue.backoffBaseMs <= queue.backoffMaxMs,
      `queue.backoffBaseMs (${queue.backoffBaseMs}) must not be above queue.backoffMaxMs (${queue.backoffMaxMs})`,
    ],
    [
      config.cache.assumeTimeoutMs > config.kubernetes.requestTimeoutMs,
      `cache.assumeTimeoutMs (${config.cache.assumeTimeoutMs}) must be above kubernetes.requestTimeoutMs (${config.kubernetes.requestTimeoutMs}), or writes under way are looked up as lost`,
    ],
  ];
  for (const [holds, sentence] of relations) {
    if (!holds) throw new Error(`Cannot use this configuration: ${sentence}`);
  }
}

import type { ChannelId } from '../model/channel.ts';
import type { Hint } from '../model/probe.ts';

/** What a JSON document of one of Flink's HTTP servers says. */
export interface RestReading {
  readonly channels: readonly ChannelId[];
  readonly details: Readonly<Record<string, string | readonly string[]>>;
  /** `ofServer`: speaks of the side that sent the document. */
  readonly hints: readonly (Hint & { readonly ofServer?: true })[];
  /** Keys of secrets that stand there readable. */
  readonly secretKeys: readonly string[];
}

interface DocumentContext {
  /** Path of the request, empty where unknown. */
  readonly path: string;
  readonly whole: boolean;
  readonly crossOrigin: boolean;
}

/** Processes and keys that are reported of one document. */
const MAX_LISTED = 32;

const VERSION = /"flink-version":"(\d[\w.+-]{0,30})"/;
const COMMIT = /"flink-(?:commit|revision)":"/;
const RPC_PATH = /^(?:akka|pekko)\.((?:ssl\.)?tcp):\/\/flink@([^:/@\s]{1,253}|\[[0-9a-fA-F:]+\]):(\d{1,5})\//;
/** Answers that REST and the history server both give; Flink's JobManager adds the CORS header by default. */
const SHARED_DOCUMENTS: readonly RegExp[] = [
  /^\{"jobs":\[\{"jid":"[0-9a-f]{32}","name":/,
  /^\{"counts":\{"restored":\d+,/,
  /^\{"jid":"[0-9a-f]{32}","name":/,
  /^\{"jvm":\{"version":"[^"]{0,200}","arch":/,
];
/** Answers of the JobManager alone. */
const REST_DOCUMENTS: readonly RegExp[] = [
  /"(?:akka|pekko)\.(?:ssl\.)?tcp:\/\/flink@/,
  /^\{"jobs":\[\{"id":"[0-9a-f]{32}","status":"[A-Z]+"/,
  /^\{"filename":"[^"]*flink-web-upload[^"]*"/,
];
const FLINK_KEY =
  /"key":"(?:jobmanager\.rpc\.address|jobmanager\.memory\.process\.size|taskmanager\.numberOfTaskSlots)"/;

/** Reads one document. Never throws; text that is not JSON, or not Flink's, says nothing. */
export function readRestDocument(text: string, context: DocumentContext): RestReading {
  const channels = documentChannels(text, context);
  const version = VERSION.exec(text)?.[1] ?? gatewayVersion(text);
  const known = channels.length > 0;
  const document = known && context.whole ? parseJson(text) : undefined;
  const taskManagers = readTaskManagers(document);
  const configuration = readConfiguration(document);
  return {
    channels,
    details: {
      ...(version !== undefined && known ? { flinkVersion: version } : {}),
      ...(taskManagers.length > 0 ? { taskManagers: taskManagers.map(describe).slice(0, MAX_LISTED) } : {}),
    },
    hints: [
      ...(version !== undefined && known ? [{ kind: 'flink-version', version } as const] : []),
      ...serverHints(channels[0], configuration, context.path),
      ...taskManagers.flatMap(taskManagerHints),
    ],
    secretKeys: [...secretsOf(configuration), ...secretOptions(document)].slice(0, MAX_LISTED),
  };
}

function documentChannels(text: string, context: DocumentContext): readonly ChannelId[] {
  if (/"productName":"Apache Flink"/.test(text)) {
    return ['sql-gateway'];
  }
  if (VERSION.test(text) && COMMIT.test(text)) {
    return /"web-history":true/.test(text) ? ['history-server'] : ['rest'];
  }
  if (FLINK_KEY.test(text)) {
    const archived = /\/jobs\/[0-9a-f]{32}\/jobmanager\//.test(context.path);
    return [archived && !context.crossOrigin ? 'history-server' : 'rest'];
  }
  if (REST_DOCUMENTS.some((pattern) => pattern.test(text))) {
    return ['rest'];
  }
  if (SHARED_DOCUMENTS.some((pattern) => pattern.test(text))) {
    return [context.crossOrigin ? 'rest' : 'history-server'];
  }
  return [];
}

function gatewayVersion(text: string): string | undefined {
  return /"productName":"Apache Flink","version":"(\d[\w.+-]{0,30})"/.exec(text)?.[1];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface TaskManager {
  readonly id: string;
  readonly host: string;
  readonly rpcPort: number;
  readonly transport: string;
  readonly dataPort: number | undefined;
  readonly jmxPort: number | undefined;
}

/** `/taskmanagers` and `/taskmanagers/:id` (`TaskManagerInfo`): `path` is the RPC address. */
function readTaskManagers(document: unknown): readonly TaskManager[] {
  if (!isRecord(document)) {
    return [];
  }
  const list: readonly unknown[] = Array.isArray(document.taskmanagers) ? document.taskmanagers : [document];
  return list.slice(0, 1024).flatMap((entry) => {
    if (!isRecord(entry) || typeof entry.path !== 'string' || typeof entry.id !== 'string') {
      return [];
    }
    const address = RPC_PATH.exec(entry.path);
    if (address === null) {
      return [];
    }
    return [
      {
        id: entry.id.slice(0, 200),
        host: address[2]!.replace(/^\[|\]$/g, ''),
        rpcPort: Number(address[3]),
        transport: address[1]!,
        dataPort: portOf(entry.dataPort),
        jmxPort: portOf(entry.jmxPort),
      },
    ];
  });
}

/** A fixed port; 0, -1 and ranges are none. */
function portOf(value: unknown): number | undefined {
  const port = typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : 0;
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

function describe(taskManager: TaskManager): string {
  return `${taskManager.id} ${taskManager.host}:${taskManager.rpcPort} ${taskManager.transport}`;
}

/** A host name names its process; behind an address the id of the process does. */
function memberName(host: string, id: string): string {
  return /^[\d.]+$|:/.test(host) ? id : host;
}

function taskManagerHints(taskManager: TaskManager): readonly Hint[] {
  const { host, id } = taskManager;
  const member = memberName(host, id);
  const ports: readonly (readonly [Hint['channel'] & string, number | undefined])[] = [
    ['taskmanager-rpc', taskManager.rpcPort],
    ['taskmanager-data', taskManager.dataPort],
    ['jmx', taskManager.jmxPort],
  ];
  return [
    { kind: 'member', host, member, component: 'taskmanager' },
    ...ports.flatMap(([channel, port]) =>
      port === undefined
        ? []
        : [{ kind: 'channel-port', host, port, channel, component: 'taskmanager', member } as const],
    ),
  ];
}

/** `[{"key":…,"value":…}]` of `/jobmanager/config` (`ConfigurationInfo`), and `user-config` of a job. */
function readConfiguration(document: unknown): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  if (Array.isArray(document)) {
    for (const entry of document) {
      if (isRecord(entry) && typeof entry.key === 'string' && typeof entry.value === 'string') {
        settings.set(entry.key, entry.value);
      }
    }
    return settings;
  }
  const execution = isRecord(document) ? document['execution-config'] : undefined;
  const user = isRecord(execution) ? execution['user-config'] : undefined;
  for (const [key, value] of Object.entries(isRecord(user) ? user : {})) {
    settings.set(key, String(value));
  }
  return settings;
}

const SERVER_COMPONENTS: Readonly<Partial<Record<ChannelId, Hint['component']>>> = {
  rest: 'jobmanager',
  'history-server': 'history-server',
  'sql-gateway': 'sql-gateway',
};

function serverHints(
  channel: ChannelId | undefined,
  configuration: ReadonlyMap<string, string>,
  path: string,
): readonly (Hint & { readonly ofServer?: true })[] {
  const component = channel === undefined ? undefined : SERVER_COMPONENTS[channel];
  if (channel === undefined || component === undefined) {
    return [];
  }
  const hints: (Hint & { readonly ofServer?: true })[] = [];
  const host = configuration.get('jobmanager.rpc.address');
  // An archived job's configuration speaks of a cluster that is gone.
  if (channel !== 'rest' || host === undefined || /\/jobs\//.test(path)) {
    return hints;
  }
  const loopback = host === 'localhost' || host.startsWith('127.');
  const named = loopback ? {} : { host, member: memberName(host, host) };
  hints.push({ kind: 'member', component, ofServer: true, ...named });
  const ports: readonly (readonly [ChannelId, string])[] = [
    ['jobmanager-rpc', 'jobmanager.rpc.port'],
    ['blob-server', 'blob.server.port'],
    ['metrics-query-service', 'metrics.internal.query-service.port'],
    ['rest', 'rest.port'],
    ['jmx', 'jmx.server.port'],
  ];
  for (const [owner, key] of ports) {
    const port = portOf(configuration.get(key));
    if (port !== undefined) {
      hints.push({ kind: 'channel-port', channel: owner, port, component: 'jobmanager', ofServer: true, ...named });
    }
  }
  return hints;
}

/**
 * Keys that Flink 2.3 hides (`GlobalConfiguration`, FLINK-39561); earlier versions show some of them, `s3.access-key`
 * among them.
 */
const SENSITIVE_KEYS: readonly string[] = [
  'password',
  'secret',
  'fs.azure.account.key',
  'apikey',
  'api-key',
  'auth-params',
  'service-key',
  'token',
  'basic-auth',
  'jaas.config',
  'http-headers',
  'access-key',
  'access.key',
  'accesskey',
];
/** Flink's `HIDDEN_CONTENT`. */
const HIDDEN = /^\*+$/;
const SWITCH = /^(?:|true|false|none|null)$/i;
const AMOUNT = /^-?\d+(?:\.\d+)?(?:\s*[a-zA-Z]{1,12})?$/;

/** True where Flink 2.3 would hide the key's value. */
export function isSensitiveKey(key: string): boolean {
  const lower = key.toLowerCase();
  return SENSITIVE_KEYS.some((part) => lower.includes(part));
}

/** Switches, numbers and durations of `…delegation.tokens.…` are no secrets, though Flink hides them. */
function isReadableSecret(key: string, value: string): boolean {
  if (!isSensitiveKey(key) || HIDDEN.test(value) || SWITCH.test(value)) {
    return false;
  }
  const tokenOnly = /token/i.test(key) && !/password|secret/i.test(key);
  return !(tokenOnly && AMOUNT.test(value));
}

function secretsOf(configuration: ReadonlyMap<string, string>): readonly string[] {
  return [...configuration].filter(([key, value]) => isReadableSecret(key, value)).map(([key]) => key);
}

/** `/jobmanager/environment`: passwords in JVM options stand there as they were given. */
function secretOptions(document: unknown): readonly string[] {
  const jvm = isRecord(document) && isRecord(document.jvm) ? document.jvm.options : undefined;
  if (!Array.isArray(jvm)) {
    return [];
  }
  return jvm.flatMap((option) => {
    const property = typeof option === 'string' ? /^-D([\w.-]{1,128})=(.+)$/s.exec(option) : null;
    return property !== null && isReadableSecret(property[1]!, property[2]!) ? [`-D${property[1]}`] : [];
  });
}

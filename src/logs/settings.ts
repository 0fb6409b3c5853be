import { MASK, withoutUserInfo } from '../flink/user-info.ts';
import type { LoggedSetting } from '../model/log.ts';
import type { LogEntry } from './entry.ts';

const LOADING = /^Loading (dynamic )?configuration property: ([^\s,]+), (.*)$/s;
/** Longest value that is kept. */
const MAX_VALUE = 512;

/** Keys whose values Flink itself masks (`GlobalConfiguration.SENSITIVE_KEYS`), and options of Java, which may hold any. */
const SENSITIVE =
  /password|passwd|secret|fs\.azure\.account\.key|api-?key|auth-params|service-key|token|basic-auth|jaas\.config|http-headers|credential|access-?key|java\.opts|\.opts(?:\.|$)|args/i;

/** A property as it was loaded. Values of sensitive keys are masked, whether the log has them or not. */
export function readSetting(entry: LogEntry): LoggedSetting | undefined {
  const parts = LOADING.exec(entry.message);
  if (parts === null) return undefined;
  const [, dynamic, key, value] = parts;
  const isSensitive = SENSITIVE.test(key!);
  return {
    key: key!,
    value: isSensitive ? MASK : withoutUserInfo(value!).slice(0, MAX_VALUE),
    line: entry.line,
    origin: dynamic === undefined ? 'file' : 'dynamic',
  };
}

/** Properties of TLS, addresses, ports and storage: what a report keeps and compares. */
export function isRelevant(key: string): boolean {
  return (
    /^security\.|\.ssl\.|(?:^|\.)(?:bind-)?(?:port|address|host)$|^high-availability\.(?:type|zookeeper|storageDir)/.test(
      key,
    ) ||
    /endpoint$|^queryable-state\.|^metrics\.reporter\.|(?:checkpoints?|checkpointing|savepoints?)[.-](?:storage|dir)/.test(
      key,
    )
  );
}

/** Properties that switch or shape TLS: one that only one side has is a difference. */
export function isOfTls(key: string): boolean {
  return /^security\.ssl\.|\.ssl\.enabled$|^historyserver\.web\.ssl/.test(key);
}

const SECRET_OPTION = /(?:^|\s)-D([\w.$-]*(?:password|secret|token)[\w.$-]*)=([^\s*<][^\s]*)/gi;

/** Names of secrets that an entry shows: options of Java, which Flink logs as they are. Never their values. */
export function secretsOf(entry: LogEntry): readonly string[] {
  return [...entry.message.matchAll(SECRET_OPTION)].map(([, name]) => name!);
}

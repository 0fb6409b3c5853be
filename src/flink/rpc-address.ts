/** Address of an actor as Flink names it, taken apart. */
export interface RpcAddress {
  /** `akka` up to Flink 1.17, `pekko` since. */
  readonly library: 'akka' | 'pekko';
  /** `tcp`: clear; `ssl.tcp`: TLS. It is the process's own setting. */
  readonly transport: 'tcp' | 'ssl.tcp';
  /** `flink`, or `flink-metrics` of the metric query service. */
  readonly system: string;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const ADDRESS =
  /^(akka|pekko)\.(ssl\.tcp|tcp):\/\/([A-Za-z0-9_-]+)@(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})(?:\/|$)/;

/** `pekko.ssl.tcp://flink@tm1:6122/user/rpc/taskmanager_0`; undefined for anything else. */
export function parseRpcAddress(text: string): RpcAddress | undefined {
  const parts = ADDRESS.exec(text.trim());
  const port = Number(parts?.[6]);
  if (parts === null || port < 1 || port > 65_535) {
    return undefined;
  }
  return {
    library: parts[1] === 'akka' ? 'akka' : 'pekko',
    transport: parts[2] === 'ssl.tcp' ? 'ssl.tcp' : 'tcp',
    system: parts[3]!,
    host: parts[4] ?? parts[5]!,
    port,
  };
}

import type { EffectiveConfiguration } from '../model/probe.ts';

const CLIENT_PORT = 2181;

/** Servers of `high-availability.zookeeper.quorum`: `host:port,host:port`, IPv6 in brackets, port 2181 where left out. */
export function zookeeperServers(configuration: EffectiveConfiguration): readonly { host: string; port: number }[] {
  const quorum = configuration.setting('high-availability.zookeeper.quorum', 'recovery.zookeeper.quorum')?.value ?? '';
  return quorum.split(',').flatMap((server) => {
    const found = /^\s*(?:\[([^\]]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?(?:\/.*)?\s*$/.exec(server);
    const host = found?.[1] ?? found?.[2];
    return host === undefined ? [] : [{ host: host.toLowerCase(), port: Number(found?.[3] ?? CLIENT_PORT) }];
  });
}

import { highAvailabilityType } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { zookeeper } from '../src/protocols/zookeeper.ts';

export const probe: Probe = {
  id: 'high-availability',
  title: 'High availability service (ZooKeeper)',
  protection: 'outside',
  component: 'zookeeper',
  carries:
    'Leader addresses, pointers to job graphs and checkpoints, and the session’s password. In clear, sessions can be taken over and the cluster be pointed at a false leader.',
  defaultPorts: [2181, 2281],
  settings: { port: ['high-availability.zookeeper.quorum'], tls: [] },
  remedy: {
    text: 'Flink has no key for it; the ZooKeeper client takes TLS from JVM properties, on every Flink process: beside these, -Dzookeeper.clientCnxnSocket=org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.ClientCnxnSocketNetty and -Dzookeeper.ssl.{keyStore,trustStore}.{location,password}=…, and the quorum on ZooKeeper’s secureClientPort.',
    settings: { 'env.java.opts.all': '-Dzookeeper.client.secure=true' },
  },
  protocols: [zookeeper],
  // The port is ZooKeeper's, not this process's.
  port: () => undefined,
  expect: (configuration) => {
    const type = highAvailabilityType(configuration);
    if (type.value.toLowerCase() !== 'zookeeper') {
      return undefined;
    }
    const secure = secureOption(configuration);
    return {
      channel: 'high-availability',
      member: configuration.member,
      // The JVM property may come from elsewhere (environment, image): without it here, nothing is promised.
      tls: secure === undefined ? 'optional' : 'required',
      clientAuthentication: 'optional',
      basis: 'configuration',
      because: secure === undefined ? [type] : [type, secure],
    };
  },
};

/** The JVM options that switch the ZooKeeper client to TLS. Their values hold passwords: only the property is named. */
function secureOption(configuration: EffectiveConfiguration): Setting | undefined {
  const keys = ['env.java.opts.all', 'env.java.opts', 'env.java.opts.jobmanager', 'env.java.opts.taskmanager'];
  for (const key of keys) {
    const setting = configuration.setting(key);
    if (setting !== undefined && /-Dzookeeper\.client\.secure=true(?:\s|$|["'])/.test(setting.value)) {
      return { ...setting, value: '-Dzookeeper.client.secure=true' };
    }
  }
  return undefined;
}

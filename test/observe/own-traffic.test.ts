import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { Topology } from '../../src/flink/topology.ts';
import { OwnSockets } from '../../src/net/own-sockets.ts';
import { LiveView } from '../../src/observe/live.ts';
import { ownTraffic } from '../../src/observe/own-traffic.ts';
import { recording } from '../support/expected.ts';

const NAME = '1.20.3-int-dataoff';
const probes = await loadProbes();

async function seen(
  sockets: OwnSockets,
): Promise<{ readonly clients: ReadonlySet<string>; readonly connections: number }> {
  const view = new LiveView({ probes, topology: new Topology(probes), leaveOut: ownTraffic(sockets) });
  const source = view.open({ kind: 'interface', path: 'eth0' });
  await source.push(gunzipSync(readFileSync(recording(NAME).path)));
  await source.finish('end');
  const { witness } = view.finish('complete');
  const clients = witness.kept.map(({ record }) => `${record.hosts[0]}:${record.ports[0]}`);
  return { clients: new Set(clients), connections: view.totals.connections };
}

t.test('a connection of ours is not taken for one of the cluster, in neither direction', async (t) => {
  const { observations } = await analyse({
    ...{ captures: [recording(NAME).path], configurations: [], expect: [], failOn: 'medium', now: 0 },
  });
  const clear = observations.find(({ kind, channel }) => kind === 'plaintext' && channel === 'taskmanager-data')!;
  const client = { host: clear.client!.host, port: clear.client!.port };
  const server = { host: clear.server.host, port: clear.server.port };
  const place = `${client.host}:${client.port}`;
  const before = await seen(new OwnSockets());
  t.ok(before.clients.has(place));

  const ours = new OwnSockets();
  ours.add(client, server);
  const after = await seen(ours);
  t.notOk(after.clients.has(place));
  t.equal(after.connections, before.connections - 1);

  const others = new OwnSockets();
  others.add(client, { ...server, port: server.port + 1 });
  others.add({ ...client, host: '192.0.2.1' }, server);
  t.same(await seen(others), before, 'the same port of another host, or to another server, is not ours');
});

import { readFileSync } from 'node:fs';
import t from 'tap';
import { probe as checkpointStorage } from '../../probes/checkpoint-storage.ts';
import { probe as historyServer } from '../../probes/history-server.ts';
import { probe as prometheus } from '../../probes/prometheus.ts';
import { probe as rest } from '../../probes/rest.ts';
import { probe as sqlGateway } from '../../probes/sql-gateway.ts';
import { probe as taskmanagerData } from '../../probes/taskmanager-data.ts';
import { type ParsedConfiguration, parseFlinkConfiguration } from '../../src/flink/config.ts';
import { expectations } from '../../src/flink/expectation.ts';

const PROBES = [checkpointStorage, historyServer, prometheus, rest, sqlGateway, taskmanagerData];

function recorded(member: string, name: string): ParsedConfiguration {
  const text = readFileSync(new URL(`../../../test/vectors/flink-conf/${name}`, import.meta.url), 'utf8');
  return parseFlinkConfiguration([{ name: `${member}/config.yaml`, text }], { member, flinkVersion: '1.20.3' });
}

t.test('makes one expectation of what all members promise, and keeps apart what one promises otherwise', (t) => {
  const parsed = [
    recorded('tm1', '1.20.3-wd-mixed-tm1-config.yaml'),
    recorded('tm2', '1.20.3-wd-mixed-tm2-config.yaml'),
  ];
  const promised = expectations(parsed, PROBES);
  const data = promised.filter((one) => one.channel === 'taskmanager-data');
  t.same(
    data.map((one) => [one.member, one.tls]),
    [
      ['tm1', 'required'],
      ['tm2', 'forbidden'],
    ],
  );
  const common = promised.filter((one) => one.channel === 'rest');
  t.same(
    common.map((one) => [one.member, one.tls, one.basis]),
    [[null, 'forbidden', 'configuration']],
  );
  t.end();
});

t.test('leaves the member of a single configuration, and channels that it does not have', (t) => {
  const promised = expectations([recorded('jm', '1.20.3-all-jm-config.yaml')], PROBES);
  t.same(
    promised.map((one) => [one.channel, one.member]),
    [
      ['rest', 'jm'],
      ['taskmanager-data', 'jm'],
    ],
  );
  t.same(expectations([], PROBES), []);
  t.end();
});

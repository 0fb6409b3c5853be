import { spawnSync } from 'node:child_process';
import t from 'tap';
import { filterFault, filterOfPorts, tcpdumpLine } from '../../src/net/live-capture-filter.ts';
import { isThere } from '../support/own-network.ts';

t.test('ports become a filter, neighbours a range', (t) => {
  t.equal(filterOfPorts([6123, 6121, 6124, 8081, 6123]), 'tcp and (port 6121 or portrange 6123-6124 or port 8081)');
  t.equal(filterOfPorts([]), 'tcp');
  t.end();
});

t.test(
  'thousands of ports are still a filter that libpcap takes',
  { skip: isThere('tcpdump') ? false : 'tcpdump not found' },
  (t) => {
    const filter = filterOfPorts(Array.from({ length: 5000 }, (_, at) => 1000 + at * 7));
    t.equal(spawnSync('tcpdump', ['-y', 'EN10MB', '-d', '--', filter], { stdio: 'ignore' }).status, 0);
    t.match(filter, /portrange 1000-/);
    t.match(filter, /35993\)$/);
    t.end();
  },
);

t.test('what no filter needs is refused before anybody is asked', (t) => {
  t.equal(filterFault('tcp port 6121'), undefined);
  t.match(filterFault(' '), /empty/);
  t.match(filterFault('tcp\nport 1'), /control/);
  t.match(filterFault('tcp\u001b[31m'), /control/);
  t.match(filterFault('t'.repeat(70_000)), /characters/);
  t.end();
});

t.test('a shell reads the line as it is meant, whatever stands in it', (t) => {
  const line = tcpdumpLine(['et h0;id'], "tcp and (host a'b or port 1)", '/tmp/a b.pcap');
  const { stdout } = spawnSync('sh', ['-c', line.replace(/^tcpdump/, 'printf "%s\\n"')], { encoding: 'utf8' });
  const words = stdout.split('\n');
  t.equal(words[words.indexOf('-i') + 1], 'et h0;id');
  t.equal(words[words.indexOf('-w') + 1], '/tmp/a b.pcap');
  t.equal(words[words.indexOf('--') + 1], "tcp and (host a'b or port 1)");
  t.match(tcpdumpLine(['a', 'b'], 'tcp', 'x.pcap'), /-w x-1\.pcap .* & tcpdump .*-w x-2\.pcap/);
  t.end();
});

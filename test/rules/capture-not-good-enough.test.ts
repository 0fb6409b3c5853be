import t from 'tap';
import { rule } from '../../src/rules/capture-not-good-enough.ts';
import { active, clear, finding, midstreamTls, tls, undecided, verdict } from '../support/observations.ts';

t.test('says so where the capture ends within every handshake', async (t) => {
  const cut = tls({ tls: { outcome: 'incomplete' } });
  t.match(finding(rule, [cut]).message, /no handshake was captured to its end/);
  t.equal(verdict(rule, [cut, tls()]), 'pass', 'one whole handshake is enough');
});

t.test('is inconclusive about a connection that may be TLS or clear, though others were decided', async (t) => {
  const lost = undecided('gap', { change: { quality: { gapBytes: 14_480 } } });
  const found = finding(rule, [tls(), lost, clear()]);
  t.equal(found.verdict, 'inconclusive');
  t.match(found.message, /^1 of 3 connections may be TLS or clear: packets are missing/);
  t.match(found.evidence[0]!.text, /\(14,480 bytes missing\)/);
});

t.test('names each reason once', async (t) => {
  const found = finding(rule, [undecided('truncated'), undecided('one-sided'), undecided('truncated')]);
  t.equal(found.observed, '3 connections undecided: packets were cut by the snaplen; only one direction was captured');
});

t.test('is inconclusive about TLS whose handshake was not captured', async (t) => {
  t.match(finding(rule, [midstreamTls(), midstreamTls()]).observed, '2 TLS connections without a ServerHello');
  t.equal(verdict(rule, [midstreamTls(), tls()]), 'pass', 'one handshake tells the endpoint');
});

t.test('never fails: a bad capture is no fault of the cluster', async (t) => {
  t.not(verdict(rule, [undecided('malformed')]), 'fail');
});

t.test('passes what was decided, and a connection without a byte, which hides nothing', async (t) => {
  t.equal(verdict(rule, [tls(), clear()]), 'pass');
  t.equal(verdict(rule, [undecided('one-sided', { change: { bytes: { client: 0, server: 0 } } })]), 'pass');
});

t.test('is not applicable to foreign ports, and holds for Flink’s own where the channel was not told', async (t) => {
  t.equal(verdict(rule, [undecided('gap', { channel: 'unknown' })]), 'not-applicable');
  const atFlink = undecided('gap', { channel: 'unknown', server: { host: '10.77.0.1', port: 6121 } });
  t.equal(verdict(rule, [atFlink]), 'inconclusive');
});

t.test('does not judge probes: they have rules of their own', async (t) => {
  const { tls: _, ...rest } = active();
  t.equal(verdict(rule, [{ ...rest, kind: 'undecided', because: 'unknown-protocol' }]), 'not-applicable');
  t.equal(verdict(rule, [active()]), 'not-applicable');
});

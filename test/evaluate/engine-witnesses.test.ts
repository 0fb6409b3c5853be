import t from 'tap';
import { evaluate } from '../../src/evaluate/engine.ts';
import type { Finding, Observation } from '../../src/model/report.ts';
import type { ClusterRule, Judgement, Rule } from '../../src/model/rule.ts';
import { clusterRule, endpointRule, FAIL, failing, run } from '../support/made-rules.ts';
import { active, clear, NOW, PROBES, promise, TM1, TM2, tls } from '../support/observations.ts';

t.test('says which witness was heard, and what the configuration promises', async (t) => {
  const about = (promise: NonNullable<Rule['promise']>, discriminator?: string) =>
    endpointRule('failing', () => [{ ...FAIL, ...(discriminator === undefined ? {} : { discriminator }) }], {
      promise,
    });
  const active = tls({ change: { vantage: 'active' } });
  const witnesses = (observations: readonly Observation[], expectations: ReturnType<typeof promise>[] = []) =>
    run([about('tls')], observations, expectations).findings[0]!.witnesses;
  t.same(witnesses([clear()]), { wire: 'fail', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' });
  t.same(witnesses([active], [promise('jobmanager-rpc')]), {
    wire: 'not-heard',
    handshake: 'fail',
    promise: 'pass',
    record: 'not-heard',
  });
  t.equal(witnesses([clear()], [promise('jobmanager-rpc', { tls: 'optional' })]).promise, 'fail');
  const heard = (rule: Rule, change: Parameters<typeof promise>[1] = {}) =>
    run([rule], [tls()], [promise('jobmanager-rpc', change)]).findings[0]!.witnesses.promise;
  t.equal(heard(failing), 'not-heard', 'a configuration promises nothing about dates, keys and names');
  t.equal(heard(about('client-authentication')), 'pass');
  t.equal(heard(about('client-authentication'), { clientAuthentication: 'none' }), 'fail');
  const cipherSuites = ['TLS_RSA_WITH_AES_128_CBC_SHA'];
  t.equal(heard(about('values', 'TLS_RSA_WITH_AES_128_CBC_SHA'), { cipherSuites }), 'fail', 'the file asks for it');
  t.equal(heard(about('values', 'TLS_RSA_WITH_NULL_SHA'), { cipherSuites }), 'pass');
  t.equal(heard(about('values', 'TLS_RSA_WITH_NULL_SHA'), { protocols: ['TLSv1.2'] }), 'not-heard');
  t.equal(heard(about('values', 'TLSv1.1'), { protocols: ['TLSv1.2'] }), 'pass');
});

t.test('takes for witnesses of a judgement of the whole run those that its evidence cites', async (t) => {
  const cluster = (cited: readonly Observation[]): Rule =>
    clusterRule('failing', () => [{ ...FAIL, evidence: cited.map(({ id }) => ({ observation: id, text: 'there' })) }]);
  const [asked, captured] = [active(), tls()];
  const witnesses = (cited: readonly Observation[]) => run([cluster(cited)], [asked, captured]).findings[0]!.witnesses;
  t.match(witnesses([asked]), { wire: 'not-heard', handshake: 'fail' });
  t.match(witnesses([captured]), { wire: 'fail', handshake: 'not-heard' });
  t.match(witnesses([asked, captured]), { wire: 'fail', handshake: 'fail' });
  t.match(witnesses([]), { wire: 'fail', handshake: 'not-heard' }, 'without evidence it is of the captures themselves');
});

t.test('a rule of the whole run that cites nothing that was seen speaks for the witnesses it hears', async (t) => {
  const told = (change: Partial<ClusterRule>, judgement: Judgement = FAIL): Finding['witnesses'] =>
    run([{ ...clusterRule('whole', () => [judgement]), ...change }], [tls({ client: TM1 })]).findings[0]!.witnesses;
  const none = { wire: 'not-heard', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' };
  t.strictSame(told({}), { ...none, wire: 'fail' }, 'captures, where it does not say');
  t.strictSame(told({ hears: ['handshake'] }), { ...none, handshake: 'fail' });
  const inFile = { ...FAIL, file: { path: 'config.yaml', line: 3 } } as const;
  t.strictSame(told({ hears: ['promise'] }, inFile), { ...none, promise: 'fail' }, 'configurations side by side');
  const cited = run([{ ...clusterRule('whole', () => [FAIL]), hears: ['promise', 'wire'] }], [tls({ client: TM1 })]);
  t.strictSame(cited.findings[0]!.witnesses, { ...none, wire: 'fail', promise: 'fail' });
});

t.test('a rule keeps silent of a channel and process that one which it names has told', async (t) => {
  const echo = endpointRule('echo', () => [FAIL], { toldBy: ['failing'] });
  const onlyRpc = { ...failing, appliesTo: ({ channel }: { channel: string }) => channel === 'jobmanager-rpc' };
  const seen = [tls(), tls({ channel: 'blob-server' })];
  const told = ({ findings }: ReturnType<typeof run>): string[] =>
    findings.map((one) => `${one.ruleId} ${one.channel}`);
  t.same(told(run([echo, onlyRpc], seen)), ['failing jobmanager-rpc', 'echo blob-server']);
  t.same(told(run([echo], seen)), ['echo jobmanager-rpc', 'echo blob-server'], 'nobody else told it');
  const elsewhere = { ...onlyRpc, appliesTo: ({ server }: { server: { member?: string } }) => server.member === 'tm1' };
  const two = [tls({ channel: 'taskmanager-data', server: TM1 }), tls({ channel: 'taskmanager-data', server: TM2 })];
  const findings = run([echo, elsewhere], two).findings.map((one) => `${one.ruleId} ${one.endpoint?.member}`);
  t.same(findings.sort(), ['echo tm2', 'failing tm1'], 'another process is another matter');
});

t.test('what configurations predict is left to the rules that see it, where connections are heard', async (t) => {
  const prediction: ClusterRule = {
    ...clusterRule('prediction', () => [FAIL]),
    hears: ['promise'],
    toldBy: ['failing'],
  };
  const sighting: ClusterRule = { ...clusterRule('sighting', () => [FAIL]), hears: ['wire'], toldBy: ['failing'] };
  const ids = (connections: 'heard' | undefined): string[] =>
    evaluate([prediction, sighting], [], [], {
      now: NOW,
      probes: PROBES,
      ...(connections === undefined ? {} : { connections }),
    }).findings.map(({ ruleId }) => ruleId);
  t.same(ids(undefined), ['prediction', 'sighting']);
  t.same(ids('heard'), ['sighting']);
});

t.test('a contradiction says itself what single witnesses say', async (t) => {
  const torn: Judgement = { ...FAIL, witnesses: { promise: 'fail', record: 'pass' } };
  const { findings } = run([endpointRule('torn', () => [torn])], [tls()]);
  t.match(findings[0]?.witnesses, { wire: 'fail', handshake: 'not-heard', promise: 'fail', record: 'pass' });
});

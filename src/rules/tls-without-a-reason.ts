import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { settingEvidence, switchesOf } from './support/settings.ts';
import { ofVantage, servedIn, verdictOn } from './support/shown.ts';
import { connections, count, evidenceOf, originOf } from './support/text.ts';

/** TLS where the configuration leaves the channel in clear: somebody else does it, or the file is not the one in force. */
export const rule: EndpointRule = {
  id: 'tls-without-a-reason',
  scope: 'endpoint',
  title: 'TLS is served that no configuration asks for',
  severity: 'low',
  promise: 'tls',
  rationale:
    'Flink is in clear unless its configuration says otherwise. TLS on such a channel is that of a proxy, ingress or service mesh in front, whose way to Flink is in clear and whose certificate and client authentication are its own; or the process runs with another configuration than the file, so that nothing else in the file can be relied on.',
  decides:
    'Looks for connections in TLS, captured or asked, at a port whose channel the configuration leaves in clear. Medium where the configuration of that very member switches TLS off, low where it is silent and off is the default of Flink.',
  verdicts: {
    pass: 'no TLS was seen where the configuration has none',
    fail: 'TLS is served although the configuration leaves the channel in clear',
    'not-applicable': 'no configuration was given for the channel, or it asks for TLS',
  },
  hears: ['wire', 'handshake', 'promise'],
  remediation: remedy(
    'Find out who ends TLS: a proxy, ingress or mesh in front (then protect the way from there to Flink, and judge its certificate), or a process with another configuration (its log lists what it loaded).',
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo({ expectation }: EndpointSubject): boolean {
    return expectation?.basis === 'configuration' && expectation.tls === 'forbidden';
  },

  evaluate({ observations, server, expectation }: EndpointSubject): readonly Judgement[] {
    const tls = servedIn('tls', observations);
    if (tls.length === 0) return [{ verdict: 'pass' }];
    const switches = switchesOf(expectation!.because);
    const off = switches.filter(({ origin }) => origin !== 'default');
    const isSaid = off.length > 0 && server.member !== undefined;
    return [
      {
        verdict: 'fail',
        severity: isSaid ? 'medium' : 'low',
        message: `Speaks TLS although ${off.length > 0 ? 'its configuration switches it off' : 'no configuration switches it on'}: a proxy, ingress or mesh stands in front, or the process runs with another configuration than this one.`,
        expected: `clear text (${originOf(expectation)})`,
        observed: `${count(connections(tls), 'connection')} in TLS`,
        evidence: [
          ...(off.length > 0 ? off : switches).slice(0, 2).map(settingEvidence),
          ...tls.slice(0, 3).map((one) => evidenceOf(one, [one.tls?.version, one.tls?.cipherSuite].join(' ').trim())),
        ],
        witnesses: {
          wire: verdictOn(ofVantage(observations, 'passive')),
          handshake: verdictOn(ofVantage(observations, 'active')),
          promise: 'fail',
        },
      },
    ];
  },
};

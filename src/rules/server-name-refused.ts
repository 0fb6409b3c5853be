import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { remedy } from './support/remedies.ts';
import { distinct, evidenceOf } from './support/text.ts';

/** The server hangs up on the name by which it was called, and speaks when none is sent. */
export const rule: EndpointRule = {
  id: 'server-name-refused',
  scope: 'endpoint',
  title: 'Server name in the ClientHello is refused',
  severity: 'medium',
  rationale:
    'Most clients send the name that they connect to (server_name). Java refuses names that are no host names by the letter, with an underscore or a trailing dot, and proxies refuse names that they do not serve: whoever uses such a name cannot connect, while those who use the address can, so that it looks like a fault of the network.',
  decides: 'Looks at endpoints that refused the ClientHello of a probe with a server name and took one without.',
  verdicts: {
    pass: 'no name was refused',
    fail: 'the server refuses the name by which it was called',
    'not-applicable': 'no TLS was seen at the endpoint, or it was not asked',
  },
  hears: ['handshake'],
  remediation: remedy(
    'Reach the process by a name of letters, digits and hyphens without a trailing dot (in Docker Compose and Kubernetes: rename the service), or let the proxy in front know this name.',
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc6066#section-3',
    'https://www.rfc-editor.org/rfc/rfc1123#section-2.1',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const asked = tlsObservations(subject.observations).filter((one) => one.vantage === 'active');
    if (asked.length === 0) return [{ verdict: 'not-applicable' }];
    const refused = asked.filter((one) => one.tls.refusedServerName !== undefined);
    if (refused.length === 0) return [{ verdict: 'pass' }];
    return distinct(refused.map((one) => one.tls.refusedServerName?.name)).map((name) => {
      const own = refused.filter((one) => one.tls.refusedServerName?.name === name);
      const { alert } = own[0]!.tls.refusedServerName!;
      return {
        verdict: 'fail',
        discriminator: name,
        message: `Refuses clients that call it ${name}, and takes those that send no name: clients that send the name, as most do, fail.`,
        expected: `a handshake with the server name ${name}`,
        observed: `${alert} to a ClientHello with the server name ${name}`,
        evidence: own.map((one) => evidenceOf(one, `${alert} to the server name ${name}`, { words: [name, alert] })),
      };
    });
  },
};

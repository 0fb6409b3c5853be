import type { CredentialSighting } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { channelRemedy } from './support/channel-remedy.ts';
import { remedy } from './support/remedies.ts';
import { count, distinct, evidenceOf } from './support/text.ts';

const KIND_TEXT: Readonly<Record<CredentialSighting['kind'], string>> = {
  'basic-authorization': 'a user name and password (basic authorization)',
  'bearer-authorization': 'a bearer token',
  'other-authorization': 'an authorization header',
  cookie: 'a session cookie',
  'session-password': 'a session password',
  'secret-in-configuration': 'a secret of the configuration',
};

/** A secret of Flink's clients or servers crossed in clear: its kind and place are told, never its value. */
export const rule: EndpointRule = {
  id: 'credentials-in-clear',
  scope: 'endpoint',
  title: 'Credentials cross in clear',
  severity: 'critical',
  promise: 'tls',
  rationale:
    'A password or token that was readable on the network has to be taken for known: who captured it can use it until it is changed, also after TLS has been switched on.',
  decides:
    'Looks into clear connections for Authorization headers (basic, bearer, others), cookies, session passwords and secrets of a configuration. Kind, number and place are kept, the value never.',
  verdicts: {
    pass: 'none was seen',
    fail: 'a credential crossed in clear',
    inconclusive: 'none was seen, and some connections could not be told',
    'not-applicable': 'the connection is of no channel of Flink',
  },
  remediation: remedy(
    'Change every credential that has crossed the channel, once TLS is on there (flinkprobe explain CHANNEL lists the keys).',
    {
      'security.ssl.rest.enabled': 'true',
    },
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc7617#section-4',
    'https://www.rfc-editor.org/rfc/rfc6750#section-5.3',
    'https://www.rfc-editor.org/rfc/rfc9325#section-3.2',
  ],

  appliesTo(subject: EndpointSubject): boolean {
    return subject.channel !== 'unknown';
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const sightings = subject.observations.flatMap((observation) =>
      (observation.plaintext?.credentials ?? []).map((sighting) => ({ observation, sighting })),
    );
    if (sightings.length === 0) {
      const undecided = subject.observations.some((one) => one.kind === 'undecided');
      return [{ verdict: undecided ? 'inconclusive' : 'pass' }];
    }
    const cure = channelRemedy(subject, context, rule.remediation);
    const kinds = distinct(sightings.map(({ sighting }) => sighting.kind));
    const times = sightings.reduce((sum, { sighting }) => sum + sighting.count, 0);
    const first = sightings[0]!.sighting;
    const told = kinds.map((kind) => KIND_TEXT[kind]).join(', ');
    return [
      {
        verdict: 'fail',
        message: `Whoever captures these packets has ${told}: take it for known and change it.`,
        expected: 'credentials only inside TLS',
        observed: `${kinds.join(', ')}, ${count(times, 'time')}, first in frame ${first.frame} at stream offset ${first.streamOffset}`,
        evidence: sightings.map(({ observation, sighting }) =>
          evidenceOf(
            observation,
            `${sighting.kind} in ${sighting.name} from the ${sighting.from}, ${count(sighting.count, 'time')}`,
            sighting,
          ),
        ),
        remediation: {
          text: `Change every credential that has crossed here, once the channel is safe. ${cure.text}`,
          settings: cure.settings,
          command: cure.command,
        },
      },
    ];
  },
};

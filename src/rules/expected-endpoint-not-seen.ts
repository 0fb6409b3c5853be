import type { NoAnswerReason, Observation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { count, evidenceOf } from './support/text.ts';

/** What each kind of no means, and what to look at. */
const KINDS: Readonly<Record<NoAnswerReason, { readonly means: string; readonly look: string }>> = {
  refused: {
    means: 'the connection was refused: nothing listens on this port at this address',
    look: 'See whether the process runs and on which port and address it listens (ss -ltnp; *.bind-host, *.bind-port); most ports of a TaskManager are random and change with every restart.',
  },
  unreachable: {
    means: 'there is no way to this address from here',
    look: 'Run the probe from a host or pod beside the cluster, or check routes and addresses.',
  },
  unresolved: {
    means: 'the name has no address',
    look: 'Check the name, and whether this host asks the same DNS as the cluster; a pod that is gone has no name any more.',
  },
  timeout: {
    means: 'no answer to the connection attempt: a firewall or NetworkPolicy drops it, or the host is down',
    look: 'Run the probe from a host or pod that may reach the port, or open it for this one.',
  },
  silent: {
    means: 'it takes connections and says nothing, neither to a ClientHello nor to the clear request of its channel',
    look: 'Look at the process: it may hang or still be starting, or another program may listen there. Ask again in a minute.',
  },
  'closed-at-once': {
    means:
      'it closes every connection without a word: a proxy without a backend, an address filter, or a process that is just starting',
    look: 'Look at the log of the process and of a proxy in front at this time, and ask again in a minute.',
  },
  'closed-late': {
    means: 'it closes connections after a while without a word',
    look: 'Look at the log of the process and of a proxy in front at this time: something gives up waiting.',
  },
  'closed-after-bytes': {
    means: 'it closes as soon as it has read something, and answers nothing',
    look: 'Look at the log of the process: it read something that it does not speak. Check that this port belongs to the channel that was given.',
  },
  reset: {
    means: 'it resets every connection',
    look: 'Look at the log of the process, and for a firewall that resets connections.',
  },
  'connection-limit': {
    means: 'it takes no more connections at this rate',
    look: 'Ask again with fewer connections at a time (--rate, --max-connections).',
  },
};

/** An endpoint that was named, by argument, configuration or REST, and did not answer: not seen is not passed. */
export const rule: ClusterRule = {
  id: 'expected-endpoint-not-seen',
  scope: 'cluster',
  title: 'Expected endpoint did not answer',
  severity: 'info',
  promise: 'tls',
  rationale:
    'Somebody named this endpoint: an argument, the configuration, REST, or a default of Flink. One that does not answer may be down, elsewhere, or out of reach from here, and nobody has seen whether it speaks TLS. That is neither a fault nor a pass: the run ends with exit code 2 until it answers or is no longer named.',
  decides:
    'Lists the endpoints that were asked because an argument, a configuration, REST or a default port names them, and that gave no answer, with the kind of silence: refused, unreachable, unresolved, timeout, silent, closed, reset, limited.',
  verdicts: {
    pass: 'every endpoint that was asked answered',
    inconclusive: 'an endpoint did not answer: whether it speaks TLS, nobody has seen',
    'not-applicable': 'nothing was asked in this run',
  },
  hears: ['handshake'],
  remediation: remedy('See whether the process runs and listens there, and ask again from a host that may reach it.'),
  references: ['https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7'],

  appliesTo(subject: ClusterSubject): boolean {
    return subject.observations.some((one) => one.vantage === 'active');
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const missing = subject.observations.filter((one) => one.vantage === 'active' && one.kind === 'no-answer');
    if (missing.length === 0) return [{ verdict: 'pass' }];
    return missing.map((one) => {
      const kind =
        one.because === undefined || !(one.because in KINDS) ? undefined : KINDS[one.because as NoAnswerReason];
      const means = interruptedText(one) ?? kind?.means ?? 'it did not answer';
      return {
        verdict: 'inconclusive',
        channel: one.channel,
        endpoint: one.server,
        message: `Not seen: ${means}.`,
        expected: `an endpoint that answers (${BASIS[one.channelBasis]})`,
        observed: `${one.because ?? 'no answer'} after ${count(one.asked?.connections ?? 0, 'connection')}`,
        evidence: [evidenceOf(one, proofText(one))],
        ...(kind === undefined ? {} : { remediation: remedy(kind.look) }),
      };
    });
  },
};

const BASIS: Readonly<Record<Observation['channelBasis'], string>> = {
  argument: 'it was named',
  configuration: 'the configuration names it',
  discovery: 'REST lists it',
  port: 'a default port of Flink',
  protocol: 'it was found',
};

function interruptedText({ asked }: Observation): string | undefined {
  if (asked?.reason === 'interrupted') return 'the run was interrupted before it answered';
  return asked?.reason === 'budget' ? 'the connections that it may take were used up before it answered' : undefined;
}

function proofText({ asked, answer, because }: Observation): string {
  const attempts = (asked?.attempts ?? []).map(
    ({ purpose, result }, at) => `connection ${at + 1}: ${purpose}: ${result}`,
  );
  return attempts.length === 0 ? (answer?.text ?? because ?? 'no answer') : attempts.slice(0, 3).join('; ');
}

import type { CaptureQuality, Evidence } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { count, digits } from './support/text.ts';

/** The capture as a whole lost something: whole connections may be missing, and nobody can say of which channel. */
export const rule: ClusterRule = {
  id: 'capture-lost-packets',
  scope: 'cluster',
  title: 'Capture is damaged or lost packets',
  severity: 'info',
  rationale:
    'Packets that the capturing machine dropped, damaged files and limits that were hit may hide a connection in clear. A run on such an input cannot be a pass.',
  decides:
    'Looks at what each capture says of itself: packets that the capturing machine dropped, limits of the reader that were hit, damaged places in the file, and a second reader that disagrees (--cross-check).',
  verdicts: {
    pass: 'no capture lost anything',
    inconclusive: 'a capture is damaged or lost packets: whole connections may be missing',
    'not-applicable': 'no capture was read',
  },
  hears: ['wire'],
  remediation: remedy(
    'Capture again with a larger buffer (tcpdump -B 65536), to a faster disk, or with a narrower filter; copy files in binary mode.',
  ),
  references: ['tcpdump(8): option -B'],

  appliesTo(subject: ClusterSubject): boolean {
    return subject.quality.length > 0;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const losses = subject.quality.flatMap(lossesOf);
    if (losses.length === 0) return [{ verdict: 'pass' }];
    return [
      {
        verdict: 'inconclusive',
        message: `What was captured is not all there was: ${losses
          .map((one) => one.text)
          .slice(0, 3)
          .join('; ')}.`,
        expected: 'an undamaged capture without dropped packets',
        observed: losses
          .map((one) => one.text)
          .slice(0, 3)
          .join('; '),
        evidence: losses,
      },
    ];
  },
};

function lossesOf(quality: CaptureQuality): readonly Evidence[] {
  const said: string[] = [];
  if (quality.captureDrops > 0) said.push(`${count(quality.captureDrops, 'packet')} dropped by the capturing machine`);
  for (const [name, times] of Object.entries(quality.limits ?? {}))
    said.push(`limit ${name} hit ${count(times, 'time')}`);
  if (quality.crossCheck === 'disagrees') said.push('the two capture readers disagree');
  for (const problem of quality.problems)
    said.push(`${problem.message} (${problem.reason} at byte ${digits(problem.offset)})`);
  return said.map((text) => ({ text }));
}

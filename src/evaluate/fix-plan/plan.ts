import type { FileFix, FixChange, FixPlan, FixStep, PlannedFinding } from '../../model/fix-plan.ts';
import type { Finding } from '../../model/report.ts';
import { type ClusterFacts, clusterOf, restartSteps, type StepDraft } from './cluster.ts';
import type { Drafted } from './drafted.ts';
import { type Restart, restartOf } from './restart.ts';
import { hasStoreWork, installLines, makingLines, passwordLines, pinLines } from './stores.ts';

/** The edits of one file, as the layer that knows its syntax made them. */
export interface EditedFile extends FileFix {
  /** Lines for a shell that change lines with secrets; they keep every line where it is. Before the patch. */
  readonly secretCommands: readonly string[];
  /** Lines that put values from the environment in the place of placeholders. After the patch. */
  readonly fillCommands: readonly string[];
}

export interface PlanInput {
  readonly drafted: Drafted;
  readonly edited: readonly EditedFile[];
  /** Those to be planned for, in the order of the report, and those that the changes would bring. */
  readonly findings: readonly Finding[];
  readonly arising: readonly Finding[];
  /** Fingerprints of findings of configurations that are gone once the files are changed, and of those that stay. */
  readonly mended: ReadonlySet<string>;
  readonly leftAlone: number;
  /** How the audit was called, for the line that repeats it. */
  readonly auditCommand: string;
  readonly configurationOptions: readonly string[];
}

/** Puts steps and findings together. */
export function fixPlan(input: PlanInput): FixPlan {
  const { drafted, findings, arising } = input;
  const { draft } = drafted;
  const restart = restartOf(draft);
  const facts = clusterOf(draft);
  const steps = numbered(stepsOf(input, facts, restart));
  const planned = [
    ...findings.map((one) => plannedFinding(one, 'in-the-report', input, steps)),
    ...arising.map((one) => plannedFinding(one, 'with-the-change', input, steps)),
  ];
  return {
    restart: restart.kind,
    because: restart.because,
    steps: steps.map(({ kind: _, ...step }) => step),
    findings: planned,
    decisions: [...draft.decisions, ...facts.notes],
    leftAlone: input.leftAlone,
  };
}

interface KindStep extends FixStep {
  readonly kind: StepDraft['kind'];
}

function numbered(steps: readonly StepDraft[]): readonly KindStep[] {
  return steps.map((step, index) => ({ number: index + 1, ...step }));
}

function stepsOf(input: PlanInput, facts: ClusterFacts, restart: Restart): readonly StepDraft[] {
  const { drafted, edited } = input;
  const { draft } = drafted;
  const isOverlap = restart.exchange === 'overlap';
  const passwords = passwordLines(draft);
  const making = hasStoreWork(draft) ? makingLines(draft, restart.exchange) : [];
  const { stop, start, later } = restartSteps(restart.kind, facts);
  const secrets = edited.flatMap(({ secretCommands }) => secretCommands);
  const fills = edited.flatMap(({ fillCommands }) => fillCommands);
  const patched = edited.filter(({ patch }) => patch !== null);
  const byHand = edited.filter(({ changes }) => changes.some(({ by }) => by === 'hand'));
  const first = installLines(draft, (family, one) =>
    isOverlap && family === 'internal' ? one === 'truststore-both' : one !== 'truststore-both',
  );
  const second = isOverlap ? installLines(draft, (family, one) => family === 'internal' && one === 'keystore') : [];
  const third = isOverlap ? installLines(draft, (family, one) => family === 'internal' && one === 'truststore') : [];
  const steps: readonly (StepDraft | undefined)[] = [
    closing(draft.fileCommands),
    passwords.length + making.length === 0
      ? undefined
      : {
          kind: 'stores',
          title: making.length === 0 ? 'Have the passwords at hand' : 'Make the key stores, on one machine',
          text: [
            'For bash. Keep this shell open for the steps that follow; no password stands on a command line.',
            ...(making.length === 0
              ? []
              : [
                  'Nothing that runs is touched. The new stores hold a private key: take them to the hosts over a way that nobody reads.',
                ]),
          ],
          commands: [...passwords, ...making, ...pinLines(draft)],
          files: [],
        },
    ...stop,
    first.length === 0
      ? undefined
      : {
          kind: 'stores',
          title: isOverlap
            ? 'Trust the new certificate beside the old one, on every host'
            : 'Put the key stores in place, on every host',
          text: ['As the user that Flink runs as.'],
          commands: first,
          files: [],
        },
    secrets.length === 0
      ? undefined
      : {
          kind: 'settings',
          title: 'Change the lines that hold secrets',
          text: [
            'They are not shown, so they are no part of the patch. This keeps line numbers as they are: do it before the patch.',
          ],
          commands: secrets,
          files: edited.filter(({ secretCommands }) => secretCommands.length > 0).map((one) => partOf(one, 'command')),
        },
    patched.length === 0
      ? undefined
      : {
          kind: 'settings',
          title: `Change the configuration${patched.length > 1 ? 's' : ''}`,
          text: [
            'Keep this output in a file: patch and git take the patches out of it by themselves, wherever they stand.',
          ],
          commands: [],
          files: patched.map((one) => partOf(one, 'patch')),
        },
    byHand.length === 0
      ? undefined
      : {
          kind: 'hand-settings',
          title: 'Change by hand what no patch reaches',
          text: [
            'What stands in a manifest, in the environment or on a command line, or in a line that says more than one thing.',
          ],
          commands: [],
          files: byHand.map((one) => partOf(one, 'hand')),
        },
    fills.length === 0
      ? undefined
      : {
          kind: 'settings',
          title: 'Fill in what the patch left open',
          text: ['The values come from the environment of step 1, and stand nowhere else.'],
          commands: fills,
          files: [],
        },
    edited.length + making.length === 0
      ? undefined
      : {
          kind: 'other',
          title: 'See that nothing was forgotten, before anything starts',
          text: [],
          commands: [input.auditCommand],
          files: [],
        },
    ...start,
    ...(second.length === 0
      ? []
      : [
          {
            kind: 'stores' as const,
            title: 'Show the new certificate, on every host',
            text: ['Only when every process runs with the new truststore.'],
            commands: second,
            files: [],
          },
          ...start,
        ]),
    draft.files.length + making.length === 0 ? undefined : proof(input, facts),
    ...later,
    third.length === 0
      ? undefined
      : {
          kind: 'stores',
          title: 'Take the old certificate out of the truststores',
          text: ['It takes effect with the next restart of each process, whenever that is.'],
          commands: third,
          files: [],
        },
  ];
  return steps.filter((one) => one !== undefined).map((step) => withShellOf(step, steps));
}

/** The step that keeps the passwords is not always the first one. */
function withShellOf(step: StepDraft, steps: readonly (StepDraft | undefined)[]): StepDraft {
  const present = steps.filter((one) => one !== undefined);
  const at = present.findIndex(({ commands }) => commands.some((line) => /^(?:IFS=|export )/.test(line))) + 1;
  return { ...step, text: step.text.map((one) => one.replace('step 1', `step ${at}`)) };
}

function closing(commands: Drafted['draft']['fileCommands']): StepDraft | undefined {
  if (commands.length === 0) return undefined;
  const members = new Set(commands.map(({ member }) => member));
  const lines = commands.map(({ line, member }) =>
    member === undefined || members.size < 2 ? line : `${line}  # on the host of ${member}`,
  );
  return {
    kind: 'files',
    title: 'Close files and directories',
    text: ['As their owner. No process has to be restarted for it.'],
    commands: [...new Set(lines)],
    files: [],
  };
}

function proof({ configurationOptions, drafted }: PlanInput, facts: ClusterFacts): StepDraft {
  const { pair } = drafted.draft.stores.rest;
  const trust = facts.restTls && pair !== 'keep' ? ['--truststore rest=flink-stores/rest.pem'] : [];
  const rest = facts.restUrl === undefined ? [] : [`--rest ${facts.restUrl}`, '--wait 120s', ...trust];
  return {
    kind: 'other',
    title: 'Prove it on the wire',
    text: [
      'Wait at least a minute after the last start: until heartbeat.timeout a half-done restart looks healthy.',
      ...(facts.restUrl === undefined
        ? ['Name the REST URL with --rest as well, so that every process is found.']
        : []),
      ...(facts.restMutual
        ? ['REST wants a client certificate: give one with --identity rest=FILE and --identity-password-file.']
        : []),
    ],
    commands: [['flinkprobe verify', ...configurationOptions, ...rest].join(' ')],
    files: [],
  };
}

/** The part of a file that is changed in one way. */
function partOf(file: EditedFile, by: FixChange['by']): FileFix {
  const { path, members, patch, changes } = file;
  return { path, members, patch: by === 'patch' ? patch : null, changes: changes.filter((one) => one.by === by) };
}

function plannedFinding(
  finding: Finding,
  arises: PlannedFinding['arises'],
  { drafted, edited, mended }: PlanInput,
  steps: readonly KindStep[],
): PlannedFinding {
  const { fingerprint, ruleId, remediation } = finding;
  const place = drafted.places.get(fingerprint) ?? 'by-hand';
  const isUnproven = place === 'settings' && !mended.has(fingerprint) && isConfigured(finding);
  const kind = mended.has(fingerprint) ? 'settings' : isUnproven ? 'hand-settings' : place;
  const isThere = kind !== 'hand-settings' || edited.some((one) => isBySameHand(one, finding));
  const step =
    kind === 'by-hand' || !isThere
      ? undefined
      : (steps.find((one) => one.kind === kind) ?? steps.find((one) => one.kind === 'settings'));
  if (step !== undefined) return { fingerprint, ruleId, cure: 'step', step: step.number, arises, text: '' };
  const text = drafted.draft.handworkOf(finding) ?? remediation.text;
  const command = remediation.command === null ? '' : ` ${remediation.command}`;
  return { fingerprint, ruleId, cure: 'by-hand', arises, text: `${text}${command}` };
}

/** Changes in its own file, or for its own member, that have to be made by hand. */
function isBySameHand({ path, members, changes }: EditedFile, { file }: Finding): boolean {
  const isOwn = file?.path === path || (file?.member !== undefined && members.includes(file.member));
  return isOwn && changes.some(({ by }) => by === 'hand');
}

/** Of store files nothing can be simulated before they are made. */
function isConfigured({ ruleId }: Finding): boolean {
  return !/^store-|^stored-|^trivial-|^pin-|^truststore-/.test(ruleId);
}

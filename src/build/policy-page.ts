import type { PolicyDocument, Requirement } from '../model/policy.ts';
import { relationText } from '../rules/support/policy-relation.ts';
import { aboutText, scopeText } from '../rules/support/policy-words.ts';
import { cell, reference } from './markdown.ts';

/** The shipped profiles and how to write one, as Markdown: the whole text of `docs/policies.md`. */
export function policyPage(policies: readonly PolicyDocument[]): string {
  return `${[HEAD, index(policies), WRITING, ...policies.flatMap(profile)].join('\n\n')}\n`;
}

const HEAD = `# Policies

<!-- Generated from src/policies by \`npm run docs\`. A change here is lost: change the profile, or src/build/policy-page.ts. -->

A policy is a known-good baseline: what has to hold, each requirement with its severity, its reason and the document that
it is from. \`--policy NAME\` of \`analyze\`, \`verify\` and \`audit\` judges by a shipped profile, \`--policy FILE\` by one of
your own. \`flinkprobe list policies\` and \`flinkprobe explain NAME\` print what is here.

What is judged, and by which rule:

| requirement on | rule | held against |
|---|---|---|
| a key (\`key\`) | [\`policy-not-met-by-configuration\`](rules.md#policy-not-met-by-configuration) | the value in force, defaults of Flink included |
| what is served (\`served\`) | the same, and [\`policy-not-met-on-the-wire\`](rules.md#policy-not-met-on-the-wire) | what the configuration promises; what connections used and what a probe got accepted |
| a certificate (\`certificate\`) | \`policy-not-met-on-the-wire\`, [\`policy-not-met-by-store\`](rules.md#policy-not-met-by-store) | every certificate that was presented; every key in a store with its chain |

The report has a field \`policy\` with how many requirements are met, not met and not judged. A requirement is met where
all that was seen meets it. It is not judged where something of it was hidden, and where nothing in the run is about it:
requirements on keys without \`--conf\`, say. An endpoint at which something was hidden has one inconclusive finding that
names the requirements, and the run is inconclusive.

A policy comes on top of the built-in rules and switches none of them off. Where a rule tells what a requirement is not
met by, both findings stay: the requirement's has its own severity and source, names the rule, and leaves the proof and
the cure to it. What a configuration promises and the same endpoint was seen to serve is one finding, with both proofs.
Where no configuration says what a channel should do, the policy takes the place of the default policy.

The profiles for NIST, BSI and PCI were written from published transcriptions of these documents. Each says which edition
it follows and what it leaves out; where the document in front of an auditor says otherwise, the document is right. To
meet a profile is not to conform to its document, most of which no probe can see.`;

const WRITING = `## A policy of your own

\`\`\`yaml
policy: acme-baseline
title: What holds at Acme
extends: flink-strict
without: [web-submit]
requirements:
  - id: rsa-key
    at-least: 4096
    source: Acme handbook 7.2
  - id: one-suite
    served: cipher-suite
    on: internal
    one-of: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
    severity: high
    source: Acme handbook 7.3
    reason: The hardware of the second site has nothing else.
  - id: local-state
    key: execution.checkpointing.local-backup.enabled
    aliases: [state.backend.local-recovery]
    default: 'false'
    required: 'false'
\`\`\`

- \`policy\` is its name: lower-case letters, digits, dots and dashes, and none of a shipped profile.
- \`extends\` takes over the requirements of a profile; \`without\` leaves some of them out; a requirement with an inherited
  id changes only what it names.
- A requirement is about one of \`key\` (with \`aliases\`, and with \`default\`, the value of Flink where nothing is set),
  \`served\` or \`certificate\`; the last two with \`on\`: \`internal\`, \`rest\`, \`all\` (where it is left out), or a list of
  channels.
- \`served\`: \`tls\` (\`on\`, \`off\`), \`client-authentication\` (\`required\`, \`none\`), \`protocol\`, \`cipher-suite\`,
  \`named-group\`, \`dh-bits\`, \`encrypt-then-mac\` (\`on\`, \`off\`).
- \`certificate\`: \`key-type\`, \`rsa-bits\`, \`dsa-bits\`, \`ec-bits\`, \`curve\`, \`hash\`, \`validity-days\`, \`remaining-days\`.
- It asks with one of \`required\` (one of these is there), \`forbidden\` (none of these is there), \`one-of\` (nothing else is
  there), \`at-least\`, \`at-most\`. Values may hold \`*\` for any text; \`*\` alone is any value.
- \`severity\` (\`medium\` where it is left out), \`source\` (one or several), \`reason\`; \`since\` and \`until\` are the first
  Flink version that it is about and the first that it is no longer about, as \`1.20\`.

What is wrong in such a file is told as file:line:column, and the command ends with 3.`;

function index(policies: readonly PolicyDocument[]): string {
  const rows = policies.map(
    ({ policy, title, requirements }) => `| [\`${policy}\`](#${policy}) | ${title} | ${requirements.length} |`,
  );
  return ['| profile | what | requirements |', '|---|---|---|', ...rows].join('\n');
}

function profile({ policy, title, about, requirements }: PolicyDocument): readonly string[] {
  return [
    `## ${policy}`,
    `**${title}.** ${about}`,
    [
      '| requirement | severity | where | asked for | source | reason |',
      '|---|---|---|---|---|---|',
      ...requirements.map(row),
    ].join('\n'),
  ];
}

function row(requirement: Requirement): string {
  const asked = `${aboutText(requirement)}: ${relationText(requirement, Number.POSITIVE_INFINITY)}`;
  const cells = [
    `\`${requirement.id}\``,
    requirement.severity,
    scopeText(requirement),
    cell(asked),
    requirement.source.map(reference).join('; '),
    cell(requirement.reason),
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * What to change so that the findings of an audit are gone, in the order in which it has to be done. Holds no password
 * and no key: a secret that has to be written somewhere is a placeholder that says where it comes from.
 */
export interface FixPlan {
  /** What of the cluster has to stand still. */
  readonly restart: RestartKind;
  /** Why, one sentence each. */
  readonly because: readonly string[];
  readonly steps: readonly FixStep[];
  /** Every finding at or above `--fail-on`, in the order of the report; none is left out. */
  readonly findings: readonly PlannedFinding[];
  /** What the operator has to decide, and what this plan took for granted; one sentence each. */
  readonly decisions: readonly string[];
  /** Findings below `--fail-on`, which this plan leaves alone. */
  readonly leftAlone: number;
}

/**
 * `none`: nothing reads what changes, or it is read anew. `rest-only`: the processes that serve REST. `rolling`: all, one
 * after the other. `all-at-once`: everything is stopped before anything is started.
 */
export type RestartKind = 'none' | 'rest-only' | 'rolling' | 'all-at-once';

export interface FixStep {
  /** From 1. */
  readonly number: number;
  readonly title: string;
  /** Sentences. */
  readonly text: readonly string[];
  /** Lines for bash, comments among them; passwords come from the environment. */
  readonly commands: readonly string[];
  readonly files: readonly FileFix[];
}

/** The changes of one configuration file. */
export interface FileFix {
  readonly path: string;
  /** Members whose configuration it is; empty where nobody was named. */
  readonly members: readonly string[];
  /** Unified diff for `patch -p0`; `null` where nothing of it can be patched. */
  readonly patch: string | null;
  readonly changes: readonly FixChange[];
}

export interface FixChange {
  readonly change: 'set' | 'add' | 'remove' | 'rename';
  readonly key: string;
  /** New value, or new name; never a secret. */
  readonly to?: string;
  /** Line in the file as it is, from 1. */
  readonly line?: number;
  /** `command`: the line holds a secret, so that no patch can show it. */
  readonly by: 'patch' | 'command' | 'hand';
}

export interface PlannedFinding {
  readonly fingerprint: string;
  readonly ruleId: string;
  /** `step`: the steps below mend it. */
  readonly cure: 'step' | 'by-hand';
  /** Number of the step that mends it. */
  readonly step?: number;
  /** `with-the-change`: not in the report; it would arise from the plan, and the plan answers it. */
  readonly arises: 'in-the-report' | 'with-the-change';
  /** What is to be done by hand; empty where a step does it. */
  readonly text: string;
}

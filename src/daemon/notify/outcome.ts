/** What became of an attempt. `refused`: the same again would be refused again. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly problem: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly problem: string };

export const DELIVERED: Outcome = { kind: 'delivered' };

/** Delivered where any was: for receivers that tell each other. */
export function anyOf(outcomes: readonly Outcome[]): Outcome {
  return (
    outcomes.find(({ kind }) => kind === 'delivered') ??
    outcomes.find(({ kind }) => kind === 'failed') ??
    outcomes[0] ??
    DELIVERED
  );
}

/** Delivered where all were; what may still succeed is tried again with all of them. */
export function allOf(outcomes: readonly Outcome[]): Outcome {
  return outcomes.find(({ kind }) => kind === 'failed') ?? outcomes.find(({ kind }) => kind === 'refused') ?? DELIVERED;
}

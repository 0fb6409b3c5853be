import t from 'tap';
import { PolicyTally } from '../../src/evaluate/policy-outcome.ts';
import { asking } from '../support/policies.ts';

const on = { served: 'tls', required: ['on'] } as const;
const policy = asking({ id: 'a', ...on }, { id: 'b', ...on }, { id: 'c', ...on }, { id: 'd', ...on });

t.test(
  'one failure outweighs all, one that was hidden outweighs what passed, and what nobody judged has not passed',
  async (t) => {
    const tally = new PolicyTally(policy);
    for (const verdict of ['pass', 'fail', 'inconclusive'] as const) tally.add('a', verdict);
    for (const verdict of ['inconclusive', 'pass'] as const) tally.add('b', verdict);
    tally.add('c', 'pass');
    tally.add('c', 'pass');
    t.strictSame(tally.outcome(), {
      name: 'house',
      requirements: 4,
      met: 1,
      notMet: 1,
      notJudged: 2,
      unjudged: ['b', 'd'],
    });
  },
);

t.test('without a judgement all are open', async (t) => {
  t.match(new PolicyTally(policy).outcome(), { met: 0, notMet: 0, notJudged: 4, unjudged: ['a', 'b', 'c', 'd'] });
});

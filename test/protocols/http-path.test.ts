import fc from 'fast-check';
import t from 'tap';
import { normalisePath, parseTarget, presentableLine, queryParameters } from '../../src/protocols/http-path.ts';

const UUID = '6e9cf7a5-1111-2222-3333-0123456789ab';
const JOB = 'de0df08d2c55d5323faebae0ca76fa5e';

t.test("replaces ids by the names that Flink's REST API gives them", (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [`/jobs/${JOB}/checkpoints`, '/jobs/:jobid/checkpoints'],
    ['/jobs/overview', '/jobs/overview'],
    [`/v1/jobs/${JOB}/vertices/${JOB}`, '/v1/jobs/:jobid/vertices/:vertexid'],
    [`/jars/${UUID}_job.jar/run`, '/jars/:jarid/run'],
    ['/jars/upload', '/jars/upload'],
    ['/taskmanagers/tm1-17711/log', '/taskmanagers/:taskmanagerid/log'],
    [
      `/v2/sessions/${UUID}/operations/${UUID}/result/0`,
      '/v2/sessions/:session_handle/operations/:operation_handle/result/:token',
    ],
    [`/flink/ck/${JOB}/chk-17/${UUID}`, '/flink/ck/:id/chk-N/:uuid'],
    ['/flink/sp/savepoint-1470c7-a0c7365fd6b7/_metadata', '/flink/sp/savepoint-ID/_metadata'],
    ['/a/eyJhbGciOiJIUzI1NiJ9abc/b', '/a/:id/b'],
    ['/jobs/constructor', '/jobs/:jobid'],
    ['/constructor/x', '/constructor/x'],
  ];
  for (const [path, expected] of cases) {
    t.equal(normalisePath(path), expected);
  }
  t.end();
});

t.test('takes targets of every form apart', (t) => {
  t.same(parseTarget('/a?b=c'), { path: '/a', query: 'b=c', userInformation: false });
  t.same(parseTarget('http://u:p@h/a?b'), { path: '/a', query: 'b', userInformation: true });
  t.same(parseTarget('http://h'), { path: '/', query: '', userInformation: false });
  t.same(parseTarget('*'), { path: '*', query: '', userInformation: false });
  t.same(queryParameters('prefix=ck%2Fx&uploads&bad=%zz'), [
    ['prefix', 'ck/x'],
    ['uploads', ''],
    ['bad', '%zz'],
  ]);
  t.end();
});

t.test('bounds what it shows, for any text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const path = normalisePath(text);
      return path.length <= 96 && /^[\x20-\x7e…]*$/.test(path) && presentableLine(`GET ${text}`).length <= 64;
    }),
    { numRuns: 40 },
  );
  t.end();
});

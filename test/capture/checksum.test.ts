import fc from 'fast-check';
import t from 'tap';
import { checkIpv4Header, foldSum, sumWords } from '../../src/capture/checksum.ts';
import { internetChecksum } from '../support/frames.ts';

t.test('the sum is that of the example in RFC 1071 section 3', async (t) => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  t.equal(sumWords(bytes, 0, 8, 0), 0x2ddf0);
  t.equal(foldSum(0x2ddf0), 0xddf2);
});

t.test('a sum over any range agrees with the textbook way, odd lengths included', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, start) => {
      const from = Math.min(start, bytes.length);
      const folded = foldSum(sumWords(bytes, from, bytes.length, 0));
      return (~folded & 0xffff) === internetChecksum(bytes.subarray(from));
    }),
  );
  t.equal(foldSum(sumWords(new Uint8Array(65_536).fill(0xff), 0, 65_536, 0)), 0xffff);
});

t.test('a header is right, wrong, or left to the card', async (t) => {
  // A published header: 192.168.0.1 to 192.168.0.199, UDP, checksum 0xb861 (Wikipedia, "Internet checksum").
  const header = new Uint8Array(Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex'));
  t.equal(checkIpv4Header(header, 0, 20), 'right');
  t.equal(checkIpv4Header(Uint8Array.from(header).fill(0x01, 10, 12), 0, 20), 'wrong');
  t.equal(checkIpv4Header(Uint8Array.from(header).fill(0, 10, 12), 0, 20), 'offloaded');
});

import { strictEqual as equal, throws } from "node:assert/strict";
import {
  add,
  formatFraction,
  formatPricePerMTok,
  formatUsd,
  multiply,
  parseDecimal,
  parsePricePerMTok,
  picoToMillicents,
  roundHalfEven,
} from "../../src/domain/money.ts";

Deno.test("roundHalfEven() sends ties to the even neighbour on both sides of zero", () => {
  const cases: readonly (readonly [bigint, bigint, bigint])[] = [
    [5n, 10n, 0n],
    [15n, 10n, 2n],
    [25n, 10n, 2n],
    [35n, 10n, 4n],
    [26n, 10n, 3n],
    [24n, 10n, 2n],
    [-5n, 10n, 0n],
    [-15n, 10n, -2n],
    [-25n, 10n, -2n],
    [-26n, 10n, -3n],
    [-24n, 10n, -2n],
    [7n, 1n, 7n],
    [0n, 3n, 0n],
  ];
  for (const [num, den, want] of cases) equal(roundHalfEven(num, den), want, `${num}/${den}`);
});

Deno.test("roundHalfEven() refuses a divisor that is not positive", () => {
  throws(() => roundHalfEven(1n, 0n), RangeError);
  throws(() => roundHalfEven(1n, -2n), RangeError);
});

Deno.test("picoToMillicents() rounds half to even at every size", () => {
  equal(picoToMillicents(0n), 0n);
  equal(picoToMillicents(4_999_999n), 0n);
  equal(picoToMillicents(5_000_000n), 0n);
  equal(picoToMillicents(5_000_001n), 1n);
  equal(picoToMillicents(15_000_000n), 2n);
  equal(picoToMillicents(25_000_000n), 2n);
  equal(picoToMillicents(-15_000_000n), -2n);
  // $90,071,992,547.40993 is beyond the whole numbers of a double.
  equal(picoToMillicents(90_071_992_547_409_930_000_000n), 9_007_199_254_740_993n);
});

Deno.test("parsePricePerMTok() reads published prices exactly", () => {
  equal(parsePricePerMTok("3.75"), 3_750_000n);
  equal(parsePricePerMTok("0.0375"), 37_500n);
  equal(parsePricePerMTok("0.000001"), 1n);
  equal(parsePricePerMTok("10"), 10_000_000n);
  equal(parsePricePerMTok("0"), 0n);
  equal(parsePricePerMTok("2.50000000"), 2_500_000n);
});

Deno.test("parsePricePerMTok() throws for what is not a price it can hold exactly", () => {
  for (
    const text of ["0.0000001", "1e-3", "-1", "+1", "", ".5", "1.", "1,5", " 1", "1 ", "0x10", "NaN", "9".repeat(16)]
  ) {
    throws(() => parsePricePerMTok(text), RangeError, text);
  }
});

Deno.test("parseDecimal() scales to any power of ten", () => {
  equal(parseDecimal("0.36", 12), 360_000_000_000n);
  equal(parseDecimal("10", 0), 10n);
  throws(() => parseDecimal("0.5", 0), RangeError);
});

Deno.test("formatPricePerMTok() gives back what parsePricePerMTok() read", () => {
  for (const text of ["3.75", "0.0375", "0.000001", "10", "0", "100", "0.5", "18.75"]) {
    equal(formatPricePerMTok(parsePricePerMTok(text)), text);
  }
});

Deno.test("formatUsd() shows six decimals below a dollar and two from a dollar up", () => {
  equal(formatUsd(0n), "$0.000000");
  equal(formatUsd(54_390_000_000n), "$0.054390");
  equal(formatUsd(999_999_000_000n), "$0.999999");
  equal(formatUsd(1_000_000_000_000n), "$1.00");
  equal(formatUsd(1_234_567_890_123_456n), "$1234.57");
  equal(formatUsd(-54_390_000_000n), "-$0.054390");
  equal(formatUsd(-2_500_000_000_000n), "-$2.50");
});

Deno.test("formatUsd() rounds half to even from the exact value", () => {
  equal(formatUsd(500_000n), "$0.000000");
  equal(formatUsd(1_500_000n), "$0.000002");
  equal(formatUsd(500_001n), "$0.000001");
  equal(formatUsd(1_005_000_000_000n), "$1.00");
  equal(formatUsd(1_015_000_000_000n), "$1.02");
  equal(formatUsd(1_005_000_000_001n), "$1.01");
});

Deno.test("formatUsd() shows an amount that rounds up to a dollar as a dollar", () => {
  equal(formatUsd(999_999_500_000n), "$1.00");
  equal(formatUsd(999_999_499_999n), "$0.999999");
});

Deno.test("multiply() and add() stay exact", () => {
  const third = { num: 1n, den: 3n };
  let sum = third;
  for (let i = 0; i < 2; i++) sum = add(sum, third);
  equal(sum.num, sum.den);
  const product = multiply({ num: 1n, den: 2n }, { num: 11n, den: 10n });
  equal(formatFraction(product), "0.55");
});

Deno.test("formatFraction() writes a decimal only where that is exact", () => {
  equal(formatFraction({ num: 1n, den: 1n }), "1");
  equal(formatFraction({ num: 1n, den: 2n }), "0.5");
  equal(formatFraction({ num: 17n, den: 10n }), "1.7");
  equal(formatFraction({ num: 20n, den: 11n }), "20/11");
  equal(formatFraction({ num: 40n, den: 2n }), "20");
  equal(formatFraction({ num: 10_000_000_000n, den: 1_000_000n }), "10000");
  equal(formatFraction({ num: 0n, den: 7n }), "0");
});

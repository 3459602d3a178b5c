import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOUSE } from '../../../../actors/exchange/ids.js';
import { amount, asset, formatAmount } from '../../../../actors/exchange/ledger/index.js';
import { futuresSymbol } from '../../../../actors/exchange/futures/usdm/index.js';
import { ALICE, BOB, CAROL, refusal, Stage } from './support.js';

const USDT = asset('USDT');

describe('algo orders', () => {
  test('a stop waits for its own price, becomes an order, and tells every state', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '0.100' });
    const stop = stage.algo(ALICE, { quantity: '0.100', stopPrice: '59500', reduceOnly: true, workingType: 'MARK_PRICE', clientOrderId: 'sl' });
    stage.log.take();
    stage.venue.takeForAgent('BTCUSDT', 1, 6000, 590_000, stage.nowUs);
    assert.equal(stop.algoStatus, 'NEW', 'the contract’s price is not its own');
    stage.clearBook();
    stage.fillBook(599_900, 600_100);
    stage.mark('59499');
    assert.deepEqual(stage.log.take(), ['1001 algo TRIGGERING', '1001 algo TRIGGERED', '1001 NEW NEW', '1001 account ORDER BOTH BTCUSDT 0', '1001 TRADE FILLED 0.100@59990.0', '1001 algo FINISHED']);
    assert.equal(stop.actual!.terms.clientOrderId, 'sl');
    assert.equal(stage.lots(ALICE), 0);
  });

  test('a stop of the contract’s price triggers by a trade, and what it sells may trigger the next', () => {
    const stage = new Stage();
    for (const id of [ALICE, BOB]) stage.place(id, { quantity: '1.000' });
    const first = stage.algo(ALICE, { quantity: '1.000', stopPrice: '59985', reduceOnly: true });
    const second = stage.algo(BOB, { quantity: '1.000', stopPrice: '59975', reduceOnly: true });
    stage.venue.takeForAgent('BTCUSDT', 1, 1500, 599_800, stage.nowUs);
    assert.deepEqual([first.algoStatus, second.algoStatus, stage.lots(ALICE), stage.lots(BOB)], ['FINISHED', 'FINISHED', 0, 0]);
  });

  test('a trailing stop activates at its price, follows the best since, and sells after the callback', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '0.100' });
    assert.equal(refusal(() => stage.algo(ALICE, { type: 'TRAILING_STOP_MARKET', quantity: '0.100', callbackRate: '1', activationPrice: '59000', workingType: 'MARK_PRICE' })), '-2021 Order would immediately trigger.');
    assert.equal(refusal(() => stage.algo(ALICE, { type: 'TRAILING_STOP_MARKET', quantity: '0.100', callbackRate: '11' })), "-1130 Data sent for parameter 'callbackRate' is not valid.");
    const trailing = stage.algo(ALICE, { type: 'TRAILING_STOP_MARKET', quantity: '0.100', callbackRate: '1', activationPrice: '60500', reduceOnly: true, workingType: 'MARK_PRICE' });
    stage.mark('59000');
    assert.equal(trailing.algoStatus, 'NEW');
    stage.mark('60500');
    stage.mark('60000');
    assert.equal(trailing.algoStatus, 'NEW');
    stage.mark('61000');
    stage.mark('60391');
    assert.equal(trailing.algoStatus, 'NEW');
    stage.mark('60390');
    assert.equal(trailing.algoStatus, 'FINISHED');
  });

  test('closePosition closes what there is then, one of a kind a direction, and goes with the position', () => {
    const stage = new Stage();
    const close = { closePosition: true, stopPrice: '59000', workingType: 'MARK_PRICE' } as const;
    assert.equal(refusal(() => stage.algo(ALICE, close)).slice(0, 5), '-4509');
    stage.place(ALICE, { quantity: '0.100' });
    assert.equal(refusal(() => stage.algo(ALICE, { ...close, quantity: '0.1' })), '-4137 Quantity must be zero with closePosition equals true');
    assert.equal(refusal(() => stage.algo(ALICE, { ...close, reduceOnly: true })), "-1106 Parameter 'reduceonly' sent when not required.");
    const stop = stage.algo(ALICE, close);
    const target = stage.algo(ALICE, { ...close, type: 'TAKE_PROFIT_MARKET', stopPrice: '61000' });
    assert.equal(refusal(() => stage.algo(ALICE, close)), '-4130 An open stop or take profit order with GTE and closePosition in the direction is existing.');
    stage.place(ALICE, { quantity: '0.300' });
    stage.mark('61000');
    assert.deepEqual([target.actual!.filledLots, stage.lots(ALICE), stop.algoStatus], [400, 0, 'EXPIRED']);
  });

  test('what the engine refuses when it is triggered ends as REJECTED, with the reason', () => {
    const stage = new Stage();
    const stop = stage.algo(ALICE, { side: 'BUY', quantity: '5.000', stopPrice: '60500', workingType: 'MARK_PRICE' });
    stage.mark('60500');
    assert.deepEqual([stop.algoStatus, stop.rejectReason], ['REJECTED', 'Margin is insufficient.']);
    assert.equal(refusal(() => stage.algo(ALICE, { side: 'BUY', type: 'STOP', quantity: '0.1', stopPrice: '62000', price: '66000' })), "-4183 Limit price can't be higher than 65100.0.");
    assert.equal(refusal(() => stage.venue.cancelAlgo(ALICE, { algoId: stop.orderId }, stage.nowUs)), '-2011 Unknown order sent.');
  });

  test('priceProtect waits while contract and mark price are far apart', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '0.100' });
    const stop = stage.algo(ALICE, { quantity: '0.100', stopPrice: '59000', workingType: 'MARK_PRICE', priceProtect: true, reduceOnly: true });
    stage.mark('55000');
    assert.equal(stop.algoStatus, 'NEW');
    stage.mark('58900');
    assert.equal(stop.algoStatus, 'FINISHED');
  });
});

describe('settings', () => {
  test('leverage has its bounds, and its errors', () => {
    const stage = new Stage();
    const set = (leverage: number): string => refusal(() => stage.venue.setLeverage(ALICE, 'BTCUSDT', leverage, stage.nowUs));
    assert.equal(set(126), '-4028 Leverage 126 is not valid');
    assert.equal(formatAmount(stage.venue.setLeverage(ALICE, 'BTCUSDT', 125, stage.nowUs)), '300000.00000000');
    assert.deepEqual(stage.log.take(), ['1001 leverage BTCUSDT 125']);
    stage.place(ALICE, { quantity: '4.900' });
    assert.equal(refusal(() => stage.place(ALICE, { quantity: '0.200' })), '-2027 Exceeded the maximum allowable position at current leverage.');
    assert.equal(set(20), '-2028 Leverage is smaller than permitted: insufficient margin balance.');
    assert.equal(set(75), 'accepted');
  });

  test('margin type changes with nothing open only, isolated margin moves within its bounds', () => {
    const stage = new Stage();
    const set = (isolated: boolean): string => refusal(() => stage.venue.setMarginType(ALICE, 'BTCUSDT', isolated, stage.nowUs));
    const move = (usdt: string, type: 1 | 2): string => refusal(() => stage.venue.changeMargin(ALICE, 'BTCUSDT', 'BOTH', usdt, type, stage.nowUs));
    assert.equal(set(false), '-4046 No need to change margin type.');
    assert.equal(move('10', 1), '-4049 Add margin only support for isolated position.');
    assert.equal(set(true), 'accepted');
    assert.equal(move('10', 1), '-4054 Cannot add position margin: position is 0.');
    const order = stage.place(ALICE, { price: '59000' });
    assert.equal(set(false), '-4047 Margin type cannot be changed if there exists open orders.');
    stage.venue.cancelOrder(ALICE, { symbol: 'BTCUSDT', orderId: order.orderId }, stage.nowUs);
    stage.place(ALICE, { quantity: '1.000' });
    assert.equal(set(false), '-4048 Margin type cannot be changed if there exists position.');
    const { both } = stage.holder(ALICE);
    assert.equal(formatAmount(both.isolatedWallet), '3000.50000000');
    assert.equal(refusal(() => stage.venue.setLeverage(ALICE, 'BTCUSDT', 10, stage.nowUs)), '-4161 Leverage reduction is not supported in Isolated Margin Mode with open positions.');
    assert.equal(move('7000', 1), '-4050 Cross balance insufficient.');
    assert.equal(move('500', 1), 'accepted');
    assert.equal(formatAmount(both.isolatedWallet), '3500.50000000');
    assert.equal(move('600', 2), '-4051 Isolated balance insufficient.');
    assert.equal(move('0', 2), '-4055 Amount must be positive.');
    assert.equal(move('400', 2), 'accepted');
    stage.place(ALICE, { side: 'SELL', quantity: '0.500', reduceOnly: true });
    assert.equal(formatAmount(both.isolatedWallet), '1550.25000000');
  });
});

describe('funding', () => {
  test('is paid every eight hours of venue time by longs to shorts, and what rounding leaves is counted', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '1.000' });
    stage.place(BOB, { side: 'SELL', quantity: '0.300' });
    const before = stage.wallet(ALICE);
    stage.venue.setFundingRate('BTCUSDT', amount(10_000n));
    stage.wait(7 * 3600 - 60);
    assert.equal(stage.wallet(ALICE), before);
    stage.wait(61);
    // 60,000 x 0.01 %
    assert.equal(Number(before) - Number(stage.wallet(ALICE)), 6);
    const income = stage.venue.account(BOB).history.incomes.items.findLast(({ type }) => type === 'FUNDING_FEE')!;
    assert.equal(formatAmount(income.income), '1.80000000');
    assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
    const { nextFundingUs } = stage.venue.markets.get('BTCUSDT')!;
    assert.equal(nextFundingUs % (8 * 3600 * 1_000_000), 0);
  });

  test('the rate follows the premium, pulled to the interest rate and capped', () => {
    const stage = new Stage();
    const market = stage.venue.markets.get('BTCUSDT')!;
    assert.equal(formatAmount(market.fundingRate()), '0.00010000');
    for (const [mark, wanted] of [[60_060n, '0.00050000'], [59_940n, '-0.00050000'], [66_000n, '0.02000000']] as const) {
      market.takeFundingRate();
      market.setPrices((mark * 100_000_000n) as typeof market.markPrice, 6_000_000_000_000n as typeof market.markPrice);
      assert.equal(formatAmount(market.fundingRate()), wanted, String(mark));
    }
  });
});

describe('liquidation', () => {
  const STEEP = futuresSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.1', stepSize: '0.001', minNotional: '100', brackets: [['60000', 50, '0.01'], ['120000', 20, '0.05'], ['10000000', 10, '0.20']] });
  const steep = (): Stage => {
    const stage = new Stage({ symbols: [{ spec: STEEP, startPrice: '60000' }] });
    stage.venue.setLeverage(ALICE, 'BTCUSDT', 10, stage.nowUs);
    stage.place(ALICE, { quantity: '1.600' });
    stage.log.take();
    return stage;
  };

  test('a cross position of a higher bracket is brought down into a lower one where that is enough, and pays for what was closed', () => {
    const stage = steep();
    const before = Number(stage.wallet(ALICE));
    // At 55 000 some 1930 are left of 9952, and 5 % of 88 000 less 2400 are needed; of 60 000 it is 1 %.
    stage.clearBook();
    stage.fillBook(549_900, 550_100);
    stage.mark('55000');
    const margin = stage.venue.account(ALICE).margin(USDT);
    assert.equal(stage.lots(ALICE), 1090, 'the most that are worth 60 000');
    assert.ok(margin.crossWallet + margin.crossUnrealised > margin.crossMaintenance);
    assert.deepEqual(stage.log.take().filter((line) => line.startsWith('1001 CALCULATED') || line.startsWith('1001 TRADE')).map((line) => line.split(' ')[2]), ['FILLED']);
    const closed = 0.51;
    const fee = stage.venue.account(ALICE).history.incomes.items.filter(({ type }) => type === 'INSURANCE_CLEAR').map(({ income }) => Number(formatAmount(income)));
    assert.deepEqual(fee, [-Number((closed * 55_000 * 0.0125).toFixed(8))]);
    assert.ok(Number(stage.wallet(ALICE)) < before + fee[0]!);
  });

  test('where no lower bracket is enough, or the book is empty, it is closed whole', () => {
    const crashed = steep();
    crashed.clearBook();
    crashed.fillBook(540_000, 540_200);
    crashed.mark('54000');
    assert.equal(crashed.lots(ALICE), 0);
    const empty = steep();
    empty.clearBook();
    empty.mark('55000');
    assert.equal(empty.lots(ALICE), 0);
  });

  test('a position is closed in the book when its margin is gone, at its bankruptcy price or better; what is left pays the fund', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '3.000' });
    stage.place(ALICE, { price: '57500' });
    stage.clearBook();
    stage.fillBook(568_000, 602_000);
    const fundBefore = stage.venue.ledger.free(HOUSE.insurance, USDT);
    stage.mark('57500');
    stage.log.take();
    stage.mark('57000');
    stage.mark('57001');
    assert.deepEqual(stage.log.take(), ['1001 margin call'], 'warned once, before');
    stage.mark('56900');
    const [forced] = stage.venue.account(ALICE).history.forced.items;
    assert.match(forced!.order.terms.clientOrderId, /^autoclose-\d+$/);
    assert.deepEqual([forced!.kind, forced!.order.status, stage.lots(ALICE)], ['LIQUIDATION', 'FILLED', 0]);
    const lines = stage.log.take();
    assert.ok(lines.indexOf('1001 EXPIRED EXPIRED') < lines.indexOf('1001 NEW NEW'), 'open orders go first');
    assert.ok(lines.includes('1001 CALCULATED FILLED 1.000@56780.0'));
    assert.ok(stage.venue.ledger.free(HOUSE.insurance, USDT) > fundBefore);
    assert.ok(Number(stage.wallet(ALICE)) >= 0);
    assert.equal(stage.venue.account(ALICE).hasOpenOrders, false);
  });

  test('with an empty book the insurance fund takes over, and hands on to the market’s agents', () => {
    const stage = new Stage();
    stage.place(ALICE, { quantity: '3.000' });
    stage.clearBook();
    stage.mark('56800');
    const market = stage.venue.markets.get('BTCUSDT')!;
    assert.equal(stage.lots(ALICE), 0);
    assert.equal(stage.venue.core.clearing.insurancePosition(market).lots, 3000);
    stage.mark('56700');
    assert.deepEqual([stage.venue.core.clearing.insurancePosition(market).lots, stage.venue.core.clearing.agentsPosition(market).lots], [0, 0]);
    assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
  });

  test('without insurance the winners on the other side are deleveraged, most profit and leverage first', () => {
    const stage = new Stage({ insurance: '0' });
    stage.venue.setLeverage(CAROL, 'BTCUSDT', 100, stage.nowUs);
    stage.place(BOB, { side: 'SELL', price: '60005', quantity: '2.000' });
    stage.place(ALICE, { price: '60005', quantity: '2.000' });
    stage.place(CAROL, { side: 'SELL', price: '60003', quantity: '1.000' });
    stage.place(ALICE, { price: '60003', quantity: '1.000' });
    stage.clearBook();
    // Carol has gone on to lose money elsewhere: her margin is thinner, her rank higher.
    stage.venue.deposit(CAROL, USDT, '-8000', stage.nowUs);
    stage.mark('56000');
    assert.deepEqual([stage.lots(ALICE), stage.lots(CAROL), stage.lots(BOB)], [0, 0, 0]);
    const forced = [CAROL, BOB].map((id) => stage.venue.account(id).history.forced.items[0]!);
    assert.deepEqual(forced.map(({ kind, order }) => [kind, order.terms.clientOrderId, order.status]), [['ADL', 'adl_autoclose', 'FILLED'], ['ADL', 'adl_autoclose', 'FILLED']]);
    assert.ok(forced[0]!.order.orderId < forced[1]!.order.orderId, 'Carol first');
    assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
  });

  test('a position can be closed by force in each of the venue’s ways, and is told as such', () => {
    for (const [kind, name, history] of [['liquidation', /^autoclose-\d+$/, 'LIQUIDATION'], ['adl', /^adl_autoclose$/, 'ADL'], ['settlement', /^settlement_autoclose-\d+$/, undefined]] as const) {
      const stage = new Stage();
      stage.place(ALICE, { quantity: '0.500' });
      stage.place(ALICE, { side: 'SELL', price: '61000', quantity: '0.500', reduceOnly: true });
      stage.log.take();
      stage.venue.forceClose(ALICE, 'BTCUSDT', kind, stage.nowUs);
      const { history: kept } = stage.venue.account(ALICE);
      assert.equal(stage.lots(ALICE), 0);
      assert.match(kept.fills.items.at(-1)!.order.terms.clientOrderId, name);
      assert.equal(kept.forced.items.at(-1)?.kind, history);
      assert.ok(stage.log.take().some((line) => line.startsWith('1001 CALCULATED FILLED 0.500@')));
      assert.equal(stage.venue.account(ALICE).hasOpenOrders, false);
      assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
    }
  });

  test('who closes by himself for more than he has owes nothing: the insurance pays', () => {
    const stage = new Stage();
    stage.venue.setLeverage(ALICE, 'BTCUSDT', 125, stage.nowUs);
    stage.place(ALICE, { quantity: '4.900' });
    stage.clearBook();
    stage.fillBook(571_000, 600_100);
    const fundBefore = stage.venue.ledger.free(HOUSE.insurance, USDT);
    stage.place(ALICE, { side: 'SELL', quantity: '4.900', reduceOnly: true });
    assert.deepEqual([stage.lots(ALICE), stage.wallet(ALICE)], [0, '0.00000000']);
    assert.ok(stage.venue.ledger.free(HOUSE.insurance, USDT) < fundBefore);
    assert.equal(stage.venue.account(ALICE).history.incomes.items.at(-1)!.type, 'INSURANCE_CLEAR');
    assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
  });

  test('an isolated position loses its own margin alone', () => {
    const stage = new Stage();
    stage.venue.setMarginType(ALICE, 'BTCUSDT', true, stage.nowUs);
    stage.place(ALICE, { quantity: '1.000' });
    stage.clearBook();
    stage.mark('57200');
    assert.equal(stage.lots(ALICE), 0);
    // 10,000 less the fee of 30.005 and the isolated 3,000.50, to the cent that the bankruptcy price is rounded by.
    assert.ok(Math.abs(Number(stage.wallet(ALICE)) - 6969.495) < 0.2, stage.wallet(ALICE));
  });
});

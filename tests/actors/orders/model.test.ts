import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign } from 'xstate';
import { newRecord, react, type Knowledge, type OrderEvent } from '../../../actors/orders/knowledge.js';
import { orderMachine, type OrderContext, type Stamped } from '../../../actors/orders/machine.js';
import { explore, type Budgets, type ModelOptions } from './model.js';

const LONG = process.env['FAULTLINE_LONG'] === '1';
const NONE: Budgets = { lost: 0, doubled: 0, crashes: 0, asks: 2, cancels: 0, lots: 1 };

/** The machine with another way to take events. */
function buggy(take: (known: Knowledge, event: OrderEvent, nowMs: number, params: OrderContext['params']) => Knowledge): typeof orderMachine {
  return orderMachine.provide({
    actions: { take: assign(({ context, event }: { context: OrderContext; event: Stamped }) => ({ nowMs: event.nowMs, known: take(context.known, event, event.nowMs, context.params) })) },
  });
}

describe('every path of an order', () => {
  const spaces: readonly (readonly [string, 'order' | 'algo', Partial<Budgets>])[] = [
    ['a lost message', 'order', { lost: 1, asks: 1 }],
    ['a cancel', 'order', { cancels: 1, asks: 1 }],
    ['a doubled report of two fills', 'order', { doubled: 1, lots: 2, asks: 1 }],
    ['a crash', 'order', { crashes: 1, asks: 1 }],
    ['of an algo order', 'algo', { asks: 1 }],
    ...(LONG
      ? [
          ['a lost message and a cancel', 'order', { lost: 1, cancels: 1, asks: 2 }],
          ['two lost messages', 'order', { lost: 2, asks: 2 }],
          ['a lost and a doubled message, two fills', 'order', { lost: 1, doubled: 1, lots: 2 }],
          ['a lost message and a crash', 'order', { lost: 1, crashes: 1 }],
          ['a lost message of an algo order', 'algo', { lost: 1 }],
          ['a cancel of an algo order', 'algo', { cancels: 1 }],
          ['a crash of an algo order', 'algo', { crashes: 1, asks: 1 }],
        ] as const
      : []),
  ];
  for (const [name, service, budgets] of spaces) {
    it(`${name}: nothing is doubled, lost, resurrected or guessed`, (context) => {
      const { states, transitions, finals, violation } = explore({ service, budgets: { ...NONE, ...budgets } });
      assert.deepEqual(violation, null);
      assert.ok((finals['filled'] ?? 0) > 0);
      context.diagnostic(`${states} states, ${transitions} transitions`);
    });
  }

  const bugs: readonly (readonly [string, RegExp, Partial<Budgets>, Partial<ModelOptions>])[] = [
    ['a restart that sends again', /sent a second time/, { crashes: 1 }, { restart: (record) => newRecord(record.intent) }],
    ['a lost answer that is taken for a refusal', /told as refused/, { lost: 1 }, {
      machine: buggy((known, event, nowMs, params) => react(known, event.type === 'answer' && event.step === 'place' && event.told.kind === 'unknown'
        ? { ...event, told: { kind: 'refused', code: 0, text: '' } } : event, nowMs, params)),
    }],
    ['"no such order" that is believed at once', /given up/, { lost: 1 }, {
      machine: buggy((known, event, nowMs, params) => react(known, event.type === 'answer' ? { ...event, stampMs: 1_000_000 } : event, nowMs, params)),
    }],
    ['fills that are only counted where they are told', /filled and|told as filled/, { lost: 1, cancels: 1 }, {
      machine: buggy((known, event, nowMs, params) => react(known, event.type === 'report' && event.report.type === 'order.report'
        ? { ...event, report: { ...event.report, filledLots: 0 } }
        : event.type === 'answer' && event.told.kind === 'ok'
          ? { ...event, told: { ...event.told, reports: event.told.reports.map((report) => (report.type === 'order.report' ? { ...report, filledLots: 0 } : report)) } }
          : event, nowMs, params)),
    }],
    ['fills that are booked as often as they are told', /never was|told twice/, { doubled: 1 }, {
      machine: buggy((known, event, nowMs, params) => {
        const after = react({ ...known, record: { ...known.record, tradeIds: [] } }, event, nowMs, params);
        return { ...after, record: { ...after.record, tradeIds: [...known.record.tradeIds, ...after.record.tradeIds] } };
      }),
    }],
    ['a late report that brings a finished order back', /open again/, { cancels: 1 }, {
      machine: buggy((known, event, nowMs, params) => react(event.type === 'report' && event.report.status === 'NEW' ? { ...known, record: { ...known.record, end: null } } : known, event, nowMs, params)),
    }],
    ['a doubt that a wish dispels', /without an answer/, { lost: 1, cancels: 1 }, {
      machine: buggy((known, event, nowMs, params) => {
        const after = react(known, event, nowMs, params);
        return event.type === 'cancel' ? { ...after, record: { ...after.record, doubt: null, seen: true } } : after;
      }),
    }],
  ];
  for (const [name, expected, budgets, options] of bugs) {
    it(`finds ${name}`, () => {
      const { violation } = explore({ service: 'order', budgets: { ...NONE, ...budgets }, ...options });
      assert.match(violation?.what ?? 'nothing found', expected);
    });
  }
});


// Pressure events, newest first.

import { h } from './dom.js';
import { bytes, clock, percent, seconds } from './format.js';

const shown = 200;
const kinds = { compress: 'Cut', drop: 'Dropped', demote: 'Demoted', refuse: 'Refused', restore: 'Made whole' };
const causes = {
  'high-watermark': 'above the high watermark',
  'still-above-low': 'still above the low watermark',
  'waiting-turns': 'turns waited for memory',
  'growing-answer': 'an answer grew',
  'tenant-limit': 'the tenant is over its limit',
  'room-for-turn': 'room for a turn',
  'memory-free': 'memory is free again',
  asked: 'an operator asked',
};

export class Events {
  constructor(box) {
    this.box = box;
    this.mark = null;
  }

  draw(store) {
    const last = store.events.at(-1);
    const mark = `${store.events.length}/${last?.node}/${last?.number}`;
    if (mark === this.mark) {
      return;
    }
    this.mark = mark;
    this.box.replaceChildren(eventList(store.events, 'Nothing had to be freed. That is the normal state.'));
  }
}

// Events as a list, newest first; the words where there is none.
export function eventList(events, none) {
  return events.length === 0
    ? h('p', { class: 'nothing' }, none)
    : h('ol', { class: 'events' }, events.slice(-shown).reverse().map(line));
}

function line(event) {
  const figures = [
    event.freed_bytes >= 0 ? `${bytes(event.freed_bytes)} freed` : `${bytes(-event.freed_bytes)} grown back`,
    event.dropped_mass === undefined ? null : `${percent(event.dropped_mass, 2)} of attention dropped`,
    event.seconds > 0 ? seconds(event.seconds) : null,
  ].filter((figure) => figure !== null);
  return h('li', { 'data-kind': event.kind },
    h('time', { datetime: new Date(event.at).toISOString() }, clock(event.at)),
    h('b', null, kinds[event.kind] ?? event.kind),
    h('span', { class: 'event-figures' }, figures.join(' · ')),
    h('span', { class: 'event-why' }, `${event.node}/${event.device}: ${causes[event.cause] ?? event.cause}${event.session ? `, ${event.session}` : ''}${event.fault ? ` (${event.fault})` : ''}`));
}

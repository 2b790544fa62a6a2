// What administrators may do to a session, each after a confirmation that says what it costs.

import { by, h } from './dom.js';
import { percent } from './format.js';
import { reason } from './stream.js';

const actions = [
  { id: 'compress', name: 'Compress…', does: 'Cut the cache', why: 'Tokens that attention used least are dropped from the device. The conversation stays whole, and so does an exact cold copy where there is one.', field: keepField },
  { id: 'make-whole', name: 'Make whole…', does: 'Make the cache whole', why: 'The exact cache comes back: from its cold copy, else it is computed again, which takes the device as long as reading the conversation anew.' },
  { id: 'demote', name: 'Demote…', does: 'Take the cache off its device', why: 'It is saved to the cold store first. The next turn brings it back and begins later by the time that takes.' },
  { id: 'move', name: 'Move…', does: 'Move the session', why: 'Its cache is saved, taken off the device and fetched by the other node.', field: nodeField },
  { id: 'close', name: 'Close…', does: 'Close the session for good', why: 'History, cache and cold copies are deleted. This cannot be undone.', danger: true },
];

export class Actions {
  constructor(store, stream, toast) {
    this.store = store;
    this.stream = stream;
    this.toast = toast;
  }

  bar(key, session, done) {
    const may = this.store.hello?.may_act;
    return h('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' },
      actions.map((action) => h('button', {
        type: 'button',
        class: action.danger ? 'danger' : null,
        disabled: !may,
        'data-action': action.id,
        on: { click: () => this.confirm(action, key, done) },
      }, action.name)),
      may ? null : h('p', { class: 'hint' }, `Your key has the role ${this.store.hello?.role}: it may look. Actions need an administrator's.`));
  }

  confirm(action, key, done) {
    const dialog = by('confirm');
    const field = action.field?.(this.store, key);
    const error = h('p', { class: 'error', role: 'alert', hidden: true });
    const button = h('button', { type: 'submit', class: action.danger ? 'danger' : 'primary' }, action.does);
    dialog.replaceChildren(h('form', {
      method: 'dialog',
      on: {
        submit: async (event) => {
          event.preventDefault();
          button.disabled = true;
          const fault = await this.act(action, key, field?.body() ?? null);
          button.disabled = false;
          if (fault) {
            error.textContent = fault;
            error.hidden = false;
            return;
          }
          dialog.close();
          done(action);
        },
      },
    },
    h('h2', { id: 'confirm-title' }, `${action.does}?`),
    h('p', null, h('code', null, key)),
    h('p', null, action.why),
    field?.element,
    error,
    h('div', { class: 'buttons' },
      h('button', { type: 'button', class: 'quiet', on: { click: () => dialog.close() } }, 'Cancel'), button)));
    dialog.showModal();
  }

  // What went wrong, or null.
  async act(action, key, body) {
    const at = key.indexOf('/');
    const path = `/v1/cluster/sessions/${encodeURIComponent(key.slice(0, at))}/${encodeURIComponent(key.slice(at + 1))}/${action.id}`;
    try {
      const response = await fetch(path, {
        method: 'POST',
        headers: { ...this.stream.headers(), ...(body ? { 'content-type': 'application/json' } : {}) },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (!response.ok) {
        return await reason(response);
      }
      this.toast(`Done: ${action.does.toLowerCase()}, ${key}.`);
      return null;
    } catch (error) {
      return `The server could not be reached: ${error.message}`;
    }
  }
}

function keepField() {
  const shown = h('output', null, percent(0.5));
  const input = h('input', { id: 'keep', type: 'range', min: 5, max: 95, step: 5, value: 50, on: { input: () => { shown.textContent = percent(input.value / 100); } } });
  return { element: h('p', { class: 'field' }, h('label', { for: 'keep' }, 'Part of the tokens to keep'), input, shown), body: () => ({ keep: input.value / 100 }) };
}

function nodeField(store, key) {
  const here = store.sessions.get(key)?.node;
  const input = h('select', { id: 'node' }, store.snapshot.nodes.map((node) => node.name).filter((name) => name !== here).map((name) => h('option', { value: name }, name)));
  return { element: h('p', { class: 'field' }, h('label', { for: 'node' }, 'Node that shall have it'), input), body: () => ({ node: input.value }) };
}

"use strict";
// Shows the chats of one person and draws cards of version 2.0 as the client does: text as text, nothing as markup.
const $ = (id) => document.getElementById(id);
let state = { version: 0, people: [], chats: [], messages: [] };
let chat = null;
const drafts = new Map();

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const words = (text) => (text?.i18n_content?.[$("language").value] ?? text?.content ?? "");
const me = () => $("person").value;

function chatsOfMine() {
  const own = { chat_id: `oc_p2p_${me()}`, name: "Hermes (bot)" };
  return [...state.chats.filter((one) => one.members.includes(me())), own];
}

function drawText(text) {
  const element = make("div", `text ${text.text_size ?? ""} ${text.text_color ?? ""}`, words(text));
  return element;
}

function drawButton(button, message, form) {
  const element = make("button", button.type ?? "default", words(button.text));
  element.type = "button";
  if (button.name) element.name = button.name;
  element.addEventListener("click", async () => {
    const [behaviour] = button.behaviors ?? [];
    if (behaviour?.type === "open_url") return void window.open(behaviour.default_url, "_blank", "noopener");
    if (form && button.form_action_type === "submit" && !form.reportValidity()) return;
    if (button.confirm && !(await asked(button.confirm))) return;
    element.disabled = true;
    const click = { open_id: me(), message_id: message.message_id, value: behaviour?.value ?? null, name: button.name ?? null };
    if (form) click.form_value = Object.fromEntries([...new FormData(form)]);
    const answer = await (await fetch("/sim/click", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(click),
    })).json();
    element.disabled = false;
    if (answer.code) toast({ type: "error", content: `${answer.code}: ${answer.msg}` });
    else if (answer.toast) toast(answer.toast);
  });
  return element;
}

function asked(confirm) {
  const dialog = $("confirm");
  dialog.querySelector("h2").textContent = words(confirm.title);
  dialog.querySelector("p").textContent = words(confirm.text);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

function toast(notice) {
  const element = $("toast");
  element.textContent = notice.i18n?.[$("language").value] ?? notice.content;
  element.className = `shown ${notice.type}`;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { element.className = ""; }, 5000);
}

function draw(element, message, form) {
  switch (element.tag) {
    case "div": {
      const box = make("div");
      if (element.text) box.append(drawText(element.text));
      if (element.fields) {
        const fields = make("div", "fields");
        for (const field of element.fields) fields.append(drawText(field.text));
        box.append(fields);
      }
      return box;
    }
    case "hr": return make("hr");
    case "button": return drawButton(element, message, form);
    case "column_set": {
      const columns = make("div", "columns");
      for (const column of element.columns ?? []) {
        const box = make("div");
        for (const inner of column.elements ?? []) box.append(draw(inner, message, form));
        columns.append(box);
      }
      return columns;
    }
    case "input": {
      const label = make("label", "", words(element.label));
      const input = make("textarea");
      const key = `${message.message_id}/${element.name}`;
      Object.assign(input, { name: element.name, required: !!element.required, placeholder: words(element.placeholder), rows: element.rows ?? 1, maxLength: element.max_length ?? 1000, value: drafts.get(key) ?? "" });
      input.addEventListener("input", () => drafts.set(key, input.value));
      label.append(input);
      return label;
    }
    case "form": {
      const inner = make("form");
      for (const field of element.elements ?? []) inner.append(draw(field, message, inner));
      return inner;
    }
    default: return make("div", "text grey", `[${element.tag}]`);
  }
}

function drawMessage(message) {
  const box = make("article", "card");
  box.dataset.message = message.message_id;
  if (message.msg_type === "text") {
    const body = make("div", "body");
    body.append(make("div", "text", message.content.text));
    box.append(body);
    return box;
  }
  const { header = {}, body = {} } = message.content;
  const head = make("div", `head ${header.template ?? ""}`);
  head.append(make("span", "title", words(header.title)));
  for (const tag of header.text_tag_list ?? []) head.append(make("span", `tag ${tag.color ?? ""}`, words(tag.text)));
  if (header.subtitle) head.append(make("span", "subtitle", words(header.subtitle)));
  const inner = make("div", "body");
  for (const element of body.elements ?? []) inner.append(draw(element, message, null));
  box.append(head, inner);
  const notes = [new Date(message.created_at / 1000).toLocaleTimeString()];
  if (message.updates) notes.push(`changed ${message.updates}×`);
  if (message.urgent.length) notes.push(`urgent for ${message.urgent.join(", ")}`);
  box.append(make("div", "note", notes.join(" · ")));
  return box;
}

function show() {
  const mine = chatsOfMine();
  if (!mine.some((one) => one.chat_id === chat)) chat = mine[0]?.chat_id;
  $("chats").replaceChildren(...mine.map((one) => {
    const button = make("button", "", one.name);
    const count = state.messages.filter((message) => message.chat_id === one.chat_id).length;
    button.append(make("span", "count", String(count)));
    button.setAttribute("aria-current", String(one.chat_id === chat));
    button.addEventListener("click", () => { chat = one.chat_id; show(); });
    return button;
  }));
  // A card that did not change keeps its place, its focus and what is being written in it.
  const place = $("messages");
  const wanted = state.messages.filter((message) => message.chat_id === chat).reverse();
  const drawn = new Map([...place.children].map((child) => [child.dataset.message, child]));
  place.replaceChildren(...wanted.map((message) => {
    const look = JSON.stringify([message, $("language").value, me()]);
    const old = drawn.get(message.message_id);
    if (old?.look === look) return old;
    const fresh = drawMessage(message);
    fresh.look = look;
    return fresh;
  }));
}

async function follow() {
  for (;;) {
    try {
      const next = await (await fetch(`/sim/state?after=${state.version}`)).json();
      const isFirst = !state.people.length;
      state = next;
      if (isFirst) {
        $("person").replaceChildren(...state.people.map((person) => {
          const option = make("option", "", `${person.name} · ${person.title}`);
          option.value = person.open_id;
          return option;
        }));
      }
      show();
    } catch {
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

$("person").addEventListener("change", show);
$("language").addEventListener("change", show);
state.version = -1;
fetch("/sim/state").then((answer) => answer.json()).then((first) => { state = { ...first, people: [], version: 0 }; follow(); });

"use strict";
(() => {
  const KEY = "wxauto_mgt.token";
  const REFRESH_MS = 30000;
  const texts = JSON.parse(document.body.dataset.texts);
  const part = (id) => document.getElementById(id);
  let timer = 0;

  function show(isInside) {
    part("enter").hidden = isInside;
    part("inside").hidden = !isInside;
  }

  function leave(said) {
    sessionStorage.removeItem(KEY);
    clearTimeout(timer);
    show(false);
    part("said").textContent = said;
    part("token").value = "";
    part("token").focus();
  }

  async function ask(path) {
    const answer = await fetch(path, {
      headers: { Authorization: "Bearer " + sessionStorage.getItem(KEY) },
      cache: "no-store",
      credentials: "omit",
    });
    if (answer.ok) {
      return answer;
    }
    const problem = await answer.json().catch(() => ({}));
    const error = new Error(problem.detail || String(answer.status));
    error.status = answer.status;
    throw error;
  }

  function cell(text, kind) {
    const found = document.createElement("td");
    found.textContent = text;
    if (kind) {
      found.className = kind;
    }
    return found;
  }

  function moment(text) {
    return text ? new Date(text).toLocaleString(document.documentElement.lang) : "—";
  }

  function draw(health) {
    part("status").textContent = texts[health.status] || health.status;
    part("status").className = health.status;
    part("at").textContent = moment(health.timestamp);
    part("services").replaceChildren(
      ...Object.values(health.services).map((service) => {
        const row = document.createElement("tr");
        row.append(
          cell(service.service),
          cell(texts[service.status] || service.status, service.status),
          cell(moment(service.last_check)),
          cell(service.message),
        );
        return row;
      }),
    );
  }

  async function refresh() {
    clearTimeout(timer);
    try {
      draw(await (await ask("/health/detailed")).json());
      part("said").textContent = "";
      show(true);
    } catch (error) {
      if (error.status === 401 || error.status === 403 || error.status === 429) {
        leave(error.message);
        return;
      }
      part("said").textContent = error.status ? error.message : texts.unreachable;
    }
    timer = setTimeout(refresh, REFRESH_MS);
  }

  part("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, part("token").value.trim());
    refresh();
  });
  part("again").addEventListener("click", refresh);
  part("leave").addEventListener("click", () => leave(""));
  part("docs").addEventListener("click", async () => {
    const page = window.open("about:blank", "_blank");
    try {
      const text = await (await ask("/docs")).text();
      page.location = URL.createObjectURL(new Blob([text], { type: "text/html;charset=utf-8" }));
    } catch (error) {
      page.close();
      part("said").textContent = error.message;
    }
  });
  if (sessionStorage.getItem(KEY)) {
    refresh();
  }
})();

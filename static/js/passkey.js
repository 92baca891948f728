// Passkeys (WebAuthn). form[data-passkey="create"|"get"]: its [data-passkey-press] asks the browser, and the answer
// goes as JSON into the field that data-passkey-field names ("credential"), then the form is sent. What is to be
// answered stands in #js_data, or is fetched from data-passkey-url. Where the browser has none, the button stays away.
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const listed = (found = []) => found.map((each) => ({ ...each, id: decode(each.id) }));

function optionsOf({ publicKey: key }) {
  const options = { ...key, challenge: decode(key.challenge) };
  if (key.user) Object.assign(options, { user: { ...key.user, id: decode(key.user.id) }, excludeCredentials: listed(key.excludeCredentials) });
  else options.allowCredentials = listed(key.allowCredentials);
  return { publicKey: options };
}

function plain(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = encode(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id, rawId: encode(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function asked(form) {
  const given = document.getElementById("js_data");
  if (given) {
    const data = JSON.parse(given.textContent);
    return data.creation_options ?? data.request_options;
  }
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(form.dataset.passkeyUrl, { method: "POST", headers: { "X-CSRFToken": token } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return answer.json();
}

function say(form, text) {
  const place = form.querySelector("[data-passkey-said]");
  if (place) place.textContent = text;
}

async function press(form) {
  say(form, "");
  try {
    const options = optionsOf(await asked(form));
    const isNew = form.dataset.passkey === "create";
    const found = await (isNew ? navigator.credentials.create(options) : navigator.credentials.get(options));
    form.elements[form.dataset.passkeyField ?? "credential"].value = JSON.stringify(plain(found));
    form.noValidate = true;
    form.requestSubmit();
  } catch (fault) {
    const twice = fault.name === "InvalidStateError";
    say(form, twice ? "This passkey is registered already." : "The passkey was not used. Try again, or another way.");
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-press]") ?? document.querySelector(`[form="${form.id}"][data-passkey-press]`);
  if (!window.PublicKeyCredential) button.hidden = true;
  button.addEventListener("click", () => press(form));
}

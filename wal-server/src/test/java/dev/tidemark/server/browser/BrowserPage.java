package dev.tidemark.server.browser;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One page of a browser. Of what the browser says only little is read, so a few patterns do for its JSON.
 *
 * <p><b>Threads.</b> One test's; answers come in threads of the HTTP client.
 */
public final class BrowserPage implements AutoCloseable {
    private static final Pattern ID = Pattern.compile("^\\{\"id\":(\\d+)");
    private static final Pattern EVENT = Pattern.compile("^\\{\"method\":\"([^\"]+)\"");
    private static final Pattern URL = Pattern.compile("\"url\":\"([^\"]*)\"");
    private static final Pattern TEXT = Pattern.compile("\"value\":\"((?:[^\"\\\\]|\\\\.)*+)\"");
    private static final Pattern DATA = Pattern.compile("\"data\":\"([A-Za-z0-9+/=]*+)\"");

    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, CompletableFuture<String>> waiting = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private WebSocket socket;

    private BrowserPage(HttpClient http, URI address) throws Exception {
        socket = http.newWebSocketBuilder()
                .connectTimeout(Chromium.PATIENCE)
                .buildAsync(address, new Listener())
                .get(Chromium.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    static BrowserPage connect(HttpClient http, URI address) throws Exception {
        BrowserPage page = new BrowserPage(http, address);
        for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
            page.send(domain + ".enable", "{}");
        }
        return page;
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            message.append(part);
            if (isLast) {
                received(message.toString());
                message.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            end(error);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
            end(new IOException("the browser has closed the page: " + reason));
            return CompletableFuture.completedStage(null);
        }
    }

    private void end(Throwable why) {
        ended.completeExceptionally(why);
        waiting.values().forEach(each -> each.completeExceptionally(why));
    }

    private void received(String message) {
        Matcher answer = ID.matcher(message);
        if (answer.find()) {
            CompletableFuture<String> asked = waiting.remove(Long.parseLong(answer.group(1)));
            if (asked != null) {
                asked.complete(message);
            }
            return;
        }
        Matcher event = EVENT.matcher(message);
        if (event.find()) {
            switch (event.group(1)) {
                case "Network.requestWillBeSent" -> {
                    Matcher url = URL.matcher(message.substring(message.indexOf("\"request\":")));
                    requests.add(url.find() ? url.group(1) : message);
                }
                case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded" -> complaints.add(message);
                default -> {
                    // Not looked at.
                }
            }
        }
    }

    /** Has the browser do something; its answer. */
    public String send(String method, String parameters) throws Exception {
        String said = ask(method, parameters);
        assertThat(said).as(method + parameters).doesNotMatch("(?s)\\{\"id\":\\d+,\"error\".*");
        return said;
    }

    /** The browser's answer, which may be an error. */
    private String ask(String method, String parameters) throws Exception {
        long id = ids.incrementAndGet();
        CompletableFuture<String> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        if (ended.isDone()) {
            ended.join();
        }
        socket.sendText("{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}", true)
                .get(Chromium.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return answer.get(Chromium.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Goes there; the page may not be ready yet. */
    public void open(String url) throws Exception {
        requests.clear();
        complaints.clear();
        send("Page.navigate", "{\"url\":" + quoted(url) + "}");
    }

    /** What an expression of JavaScript, or what it promises, comes to, as a text. */
    public String evaluate(String expression) throws Exception {
        String said = send(
                "Runtime.evaluate",
                "{\"awaitPromise\":true,\"returnByValue\":true,\"expression\":"
                        + quoted("(async () => String(await (" + expression + ")))()") + "}");
        assertThat(said).as(expression).doesNotContain("\"exceptionDetails\"");
        Matcher value = TEXT.matcher(said);
        assertThat(value.find()).as(said).isTrue();
        return unquoted(value.group(1));
    }

    /** Waits until this holds in the page, also where that is only on its way. */
    public void await(String condition) throws Exception {
        long deadline = System.nanoTime() + Chromium.PATIENCE.toNanos();
        while (true) {
            // The page may be replaced while it is looked at: then the answer is an error, and it is asked again.
            String said = ask(
                    "Runtime.evaluate",
                    "{\"awaitPromise\":true,\"returnByValue\":true,\"expression\":"
                            + quoted("new Promise(done => { let looks = 200; const look = () => { let holds = false;"
                                    + " try { holds = " + condition + "; } catch { holds = false; }"
                                    + " if (holds) { done('holds'); } else if (looks-- === 0) { done('not yet'); }"
                                    + " else { setTimeout(look, 10); } }; look(); })")
                            + "}");
            if (said.contains("\"holds\"")) {
                return;
            }
            assertThat(System.nanoTime() - deadline)
                    .as("has come to hold: %s, in %s", condition, complaints)
                    .isNegative();
        }
    }

    /** Presses a key, with what it writes, or with none. */
    public void press(String key, int code, String text) throws Exception {
        String what = "\"key\":" + quoted(key) + ",\"code\":" + quoted(key) + ",\"windowsVirtualKeyCode\":" + code
                + (text.isEmpty() ? "" : ",\"text\":" + quoted(text));
        send(
                "Input.dispatchKeyEvent",
                "{\"type\":\"" + (text.isEmpty() ? "rawKeyDown" : "keyDown") + "\"," + what + "}");
        send("Input.dispatchKeyEvent", "{\"type\":\"keyUp\"," + what + "}");
    }

    /** Writes where the focus is. */
    public void type(String text) throws Exception {
        send("Input.insertText", "{\"text\":" + quoted(text) + "}");
    }

    /** The size of the window, and what the person at it prefers. */
    public void look(int width, int height, boolean isDark, boolean isPhone) throws Exception {
        send(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":" + width + ",\"height\":" + height + ",\"deviceScaleFactor\":" + (isPhone ? 2 : 1)
                        + ",\"mobile\":" + isPhone + "}");
        send(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"" + (isDark ? "dark" : "light")
                        + "\"},{\"name\":\"prefers-reduced-motion\",\"value\":\"reduce\"}]}");
    }

    /** A picture of the window. */
    public void picture(Path file) throws Exception {
        Matcher data = DATA.matcher(send("Page.captureScreenshot", "{\"format\":\"png\"}"));
        assertThat(data.find()).isTrue();
        Files.createDirectories(file.getParent());
        Files.write(file, Base64.getDecoder().decode(data.group(1)));
    }

    /** Where the page has asked for something, since it was opened. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** What the page, or the browser about it, has said in the console since it was opened. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static String unquoted(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            i++;
            switch (text.charAt(i)) {
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'u' -> {
                    out.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                default -> out.append(text.charAt(i));
            }
        }
        return out.toString();
    }

    @Override
    public void close() {
        socket.abort();
    }
}

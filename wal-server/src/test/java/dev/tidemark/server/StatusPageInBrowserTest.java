package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.browser.BrowserPage;
import dev.tidemark.server.browser.Chromium;
import dev.tidemark.server.security.Access;
import dev.tidemark.server.security.TlsDoor;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import dev.tidemark.server.status.StatusAnswers;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Threads;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The status page in a real browser. Its pictures are in {@code target/screenshots}. */
class StatusPageInBrowserTest {
    private static final Path PICTURES = Path.of("target", "screenshots");
    private static final int ENTER = 13;
    private static final int ESCAPE = 27;
    private static final int PAGE_DOWN = 34;
    private static final int DOWN = 40;

    /** The darkest pair of text and ground that is shown, as a ratio; and where that is. */
    private static final String LOWEST_CONTRAST = """
            (() => {
              const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
              const light = ([r, g, b]) => {
                const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
                return 0.2126 * x + 0.7152 * y + 0.0722 * z;
              };
              const ground = (element) => {
                for (let at = element; at; at = at.parentElement) {
                  const colour = numbers(getComputedStyle(at).backgroundColor);
                  if (colour.length === 3 || colour[3] === 1) { return colour; }
                }
                return [255, 255, 255];
              };
              let lowest = [99, ''];
              const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (texts.nextNode()) {
                const element = texts.currentNode.parentElement;
                if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.disabled) { continue; }
                const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))];
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < lowest[0]) { lowest = [ratio, texts.currentNode.data]; }
              }
              return lowest[0] < 4.5 ? lowest.join(' ') : 'enough';
            })()""";

    /** What can be used and has no name that is read out. */
    private static final String NAMELESS = """
            [...document.querySelectorAll('button, input, select, svg, table, dialog, section')]
              .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.getAttribute('aria-labelledby') || e.labels?.length || e.textContent.trim()))
              .map((e) => e.outerHTML.slice(0, 80)).join()""";

    private static Chromium browser;

    @TempDir
    private Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();
    private ManyPartitions partitions;
    private BrowserPage page;
    private String url;

    @BeforeAll
    static void startBrowser() throws Exception {
        browser = Chromium.start(Path.of("target", "browser-" + UUID.randomUUID()));
    }

    @AfterAll
    static void stopBrowser() throws Exception {
        if (browser != null) {
            browser.close();
        }
    }

    private void serve(int count, Access.Settings access) throws Exception {
        ServerConfig config = TestServer.config().httpPort(0).build();
        partitions = new ManyPartitions(count, config.meters());
        ServerMeters meters = new ServerMeters(config.meters());
        Threads threads = Environment.real().threads();
        Services services = new Services(
                config,
                meters,
                pool("read", threads, meters),
                pool("file", threads, meters),
                pool("status", threads, meters),
                Access.load(access, InstantSource.system()));
        EventLoops loops = new EventLoops(1, true);
        open.add(loops::close);
        InstantSource clock = partitions::instant;
        Channel listening = new ServerBootstrap()
                .group(loops.group())
                .channel(loops.channelType())
                .childHandler(new HttpEndpoint(
                        services,
                        new TlsDoor(Optional.empty(), Duration.ofMinutes(1)),
                        () -> new HttpEndpoint.Readiness(true, "{}"),
                        new StatusAnswers(partitions, config.meters(), partitions::nanoTime, clock)))
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        url = "http://127.0.0.1:" + ((InetSocketAddress) listening.localAddress()).getPort();
        page = browser.page();
        open.add(page);
    }

    private FilePool pool(String name, Threads threads, ServerMeters meters) {
        FilePool pool = new FilePool(name, 1, 100, threads, meters);
        open.add(() -> assertThat(pool.close(Duration.ofMinutes(1))).isTrue());
        return pool;
    }

    private void serve(int count) throws Exception {
        serve(count, new Access.Settings(Optional.empty(), Optional.empty(), false, false));
    }

    /** Opens it, and has it look at the server so often. */
    private void show(String place, int looks) throws Exception {
        page.open(url + place);
        page.await("document.querySelectorAll('#list tr').length > 0");
        page.evaluate(
                "(async () => { for (let i = 0; i < " + looks
                        + "; i++) { const before = document.documentElement.dataset.refreshed;"
                        + " document.dispatchEvent(new Event('visibilitychange'));"
                        + " while (document.documentElement.dataset.refreshed === before) { await new Promise(done => setTimeout(done, 1)); } } })()");
    }

    @AfterEach
    void close() throws Exception {
        if (page != null) {
            assertThat(page.requests())
                    .isNotEmpty()
                    .allSatisfy(asked -> assertThat(asked).startsWith(url + "/"));
        }
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private void assertNoComplaint() {
        assertThat(page.complaints()).isEmpty();
    }

    private void assertReadable() throws Exception {
        assertThat(page.evaluate(LOWEST_CONTRAST)).isEqualTo("enough");
        assertThat(page.evaluate(NAMELESS)).isEmpty();
        assertThat(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
                .isEqualTo("true");
    }

    @Test
    void pageOfThousands_isReadableInLightAndDarkAndOnAPhone_andSearchedByKeyboard() throws Exception {
        serve(5_000);
        page.look(1360, 900, false, false);
        show("/status#sort=rate&order=desc", 80);
        page.await("document.querySelectorAll('figure .line[d]').length === 4");
        assertReadable();
        page.picture(PICTURES.resolve("wide-light.png"));
        page.look(1360, 900, true, false);
        assertReadable();
        page.picture(PICTURES.resolve("wide-dark.png"));
        assertThat(page.evaluate("document.querySelectorAll('#list tr').length"))
                .isEqualTo("50");

        page.look(360, 1_400, false, true);
        assertReadable();
        page.picture(PICTURES.resolve("phone.png"));

        page.look(1360, 900, false, false);
        page.press("/", 191, "/");
        page.type("payments-6");
        page.await("document.getElementById('found').textContent === '36 of 5,000'");
        page.picture(PICTURES.resolve("search.png"));
        page.press("ArrowDown", DOWN, "");
        page.press("ArrowDown", DOWN, "");
        String second = page.evaluate("document.activeElement.textContent");
        assertThat(second).startsWith("payments-6");
        assertThat(page.evaluate("document.querySelectorAll('#list tr')[1].textContent"))
                .startsWith(second);
        page.press("Enter", ENTER, "\r");
        page.await("document.querySelectorAll('#one-body .facts div').length > 4");
        assertThat(page.evaluate("document.getElementById('one-title').textContent"))
                .isEqualTo(second);
        assertReadable();
        page.press("Escape", ESCAPE, "");
        page.await("!document.getElementById('one').open");
        assertThat(page.evaluate("document.activeElement.textContent")).isEqualTo(second);
        assertThat(page.evaluate("location.hash")).contains("q=payments-6");
        assertNoComplaint();
    }

    @Test
    void tableIsSortedAndTurnedByKeyboard_andShowsWhatTheServerHas() throws Exception {
        serve(130);
        page.look(1100, 800, false, false);
        show("/", 1);
        assertThat(page.evaluate("document.querySelector('#list tr').textContent"))
                .startsWith("audit.log-0");
        page.evaluate("document.querySelector('#list button').focus()");
        page.press("PageDown", PAGE_DOWN, "");
        page.await("document.getElementById('page').textContent === '2 of 3'");
        page.evaluate("document.querySelector('th[data-key=bytes] button').focus()");
        page.press("Enter", ENTER, "\r");
        page.await("document.querySelector('th[data-key=bytes]').ariaSort === 'descending'");
        page.await("document.querySelector('#list tr td[data-key=segments]').textContent === '23'");
        page.await("document.getElementById('page').textContent === '1 of 3'");
        page.press("Enter", ENTER, "\r");
        page.await("document.querySelector('#list tr td[data-key=segments]').textContent === '1'");
        page.evaluate("document.getElementById('search').focus()");
        page.type("no such name");
        page.await("!document.getElementById('none').hidden");
        page.evaluate("document.getElementById('pause').click()");
        assertThat(page.evaluate("document.getElementById('pause').ariaPressed"))
                .isEqualTo("true");
        assertNoComplaint();
    }

    @Test
    void failedPartitions_areToldFirst_withWhatToDo() throws Exception {
        serve(40);
        partitions.fail(new PartitionId("payments", 0), new PartitionId("orders", 3));
        page.look(1100, 900, false, false);
        show("/status#sort=state&order=desc", 3);
        page.await("document.getElementById('trouble-title').textContent === '2 partitions have stopped'");
        assertThat(page.evaluate("document.getElementById('trouble').textContent"))
                .contains("payments-0", "orders-3", "restart the server", "wal verify");
        assertThat(page.evaluate("document.querySelector('#list tr').textContent"))
                .contains("failed");
        assertReadable();
        page.picture(PICTURES.resolve("failed.png"));
        page.evaluate("document.querySelector('#trouble button').click()");
        page.await("document.querySelectorAll('#one-body .facts div').length > 4");
        assertReadable();
        page.picture(PICTURES.resolve("failed-details.png"));
        page.look(1100, 900, true, false);
        assertReadable();
        assertNoComplaint();
    }

    /** A store accepts no such name; the page does not rely on it. */
    @Test
    void textThatLooksLikeAPage_isShownAsText() throws Exception {
        String hostile = "<img src=x onerror=document.title=1><script>document.title=2</script>\"'`${1}\u202e";
        serve(20);
        partitions.fail(new PartitionId("payments", 0));
        partitions.say(hostile);
        page.send(
                "Page.addScriptToEvaluateOnNewDocument",
                "{\"source\":\"const real = window.fetch; window.fetch = async (...asked) => { const got = await real(...asked);"
                        + " const text = await got.text(); return new Response(text.replaceAll('orders-0', '<img src=x onerror=document.title=3>'), { status: got.status }); };\"}");
        show("/status", 1);
        page.await("document.getElementById('trouble').textContent.includes('onerror=document.title=1')");
        page.await("document.getElementById('list').textContent.includes('<img src=x onerror=document.title=3>')");
        page.await("document.getElementById('recovery').textContent.includes('<script>document.title=2')");
        page.evaluate(
                "[...document.querySelectorAll('#list button')].find(b => b.textContent === 'inventory-0').click()");
        page.await("document.getElementById('one-body').textContent.includes('onerror=document.title=1')");
        assertThat(page.evaluate(
                        "document.querySelectorAll('main img, dialog img, main script, dialog script').length"))
                .isEqualTo("0");
        assertThat(page.evaluate("document.title")).isEqualTo("Tidemark");
        // Nor could it run if it got in.
        page.evaluate(
                "document.body.insertAdjacentHTML('beforeend', '<img src=\"/status/icon.svg\" onload=\"document.title=4\">')");
        page.evaluate(
                "new Promise(done => { const last = document.body.lastElementChild; if (last.complete) { done(); } else { last.addEventListener('load', done); } })");
        page.await("document.title === 'Tidemark'");
    }

    @Test
    void token_isAskedForAndSentAsAHeader_andStaysInTheTab() throws Exception {
        Path file = directory.resolve("tokens");
        Tokens.Created operator = Tokens.create("ops", Instant.now(), Optional.empty(), new SecureRandom());
        Tokens.Created shop = Tokens.create("shop", Instant.now(), Optional.empty(), new SecureRandom());
        var unused = new TokenFile(file)
                .change(tokens -> tokens.with(operator.entry()).with(shop.entry()));
        Path permissions = Files.writeString(
                directory.resolve("permissions"), "monitor * token:ops\nfetch,monitor orders- token:shop\n");
        serve(20, new Access.Settings(Optional.of(file), Optional.of(permissions), false, true));
        page.look(900, 700, false, false);
        page.open(url + "/status");
        page.await("!document.getElementById('login').hidden && document.activeElement.id === 'token'");
        assertThat(page.evaluate("document.getElementById('content').hidden")).isEqualTo("true");
        assertReadable();
        page.picture(PICTURES.resolve("token.png"));
        page.type("tdm_wrong");
        page.press("Enter", ENTER, "\r");
        page.await("document.getElementById('refused').textContent.includes('not taken')");
        page.type(shop.token());
        page.press("Enter", ENTER, "\r");
        page.await("document.getElementById('refused').textContent.includes('monitor')");
        assertThat(page.evaluate("document.getElementById('list').textContent")).isEmpty();
        page.type(operator.token());
        page.press("Enter", ENTER, "\r");
        page.await("document.querySelectorAll('#list tr').length === 20");
        assertThat(page.requests()).noneMatch(asked -> asked.contains("tdm_"));
        page.send("Page.reload", "{}");
        page.await("document.querySelectorAll('#list tr').length === 20");
        // Later: it takes the page away, and with it the answer to what was evaluated in it.
        page.evaluate("void setTimeout(() => document.getElementById('forget').click(), 50)");
        page.await("!document.getElementById('login').hidden");
        assertThat(page.evaluate("sessionStorage.length + localStorage.length + document.cookie.length"))
                .isEqualTo("0");
    }
}

package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.metrics.MetricNames;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes in {@code dist}: alerts, dashboard, unit, configuration of the log. */
class DistributionTest {
    private static final Path DIST = Path.of("..", "dist");
    private static final Pattern SERIES = Pattern.compile("\\b(wal_[a-z0-9_]+)(\\{[^}]*})?");
    private static final Pattern LABEL = Pattern.compile("([a-z]+)(=~?)\"([^\"]*)\"");

    @TempDir
    private Path directory;

    /** For each name in a scrape of a real server, its labels with their values. */
    private Map<String, Map<String, Set<String>>> scraped() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ServerConfig config = TestServer.config().meters(registry).build();
        try (WalServer server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build())) {
            Wal wal = server.services().serving().wal();
            wal.partition("orders", 0).append(new byte[10]);
            Map<String, Map<String, Set<String>>> names = new HashMap<>();
            for (String line : registry.scrape().lines().toList()) {
                Matcher series = SERIES.matcher(line);
                if (series.lookingAt()) {
                    Map<String, Set<String>> labels = names.computeIfAbsent(series.group(1), name -> new HashMap<>());
                    Matcher label = LABEL.matcher(String.valueOf(series.group(2)));
                    while (label.find()) {
                        labels.computeIfAbsent(label.group(1), name -> new HashSet<>())
                                .add(label.group(3));
                    }
                }
            }
            return names;
        }
    }

    private static List<String> expressions(String file, String pattern) throws IOException {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(DIST.resolve(file)));
        while (matcher.find()) {
            found.add(matcher.group(1).replace("\\\"", "\""));
        }
        return found;
    }

    @Test
    void alertsAndDashboard_askForMetricsThatAServerHas_withLabelsThatTheyHave() throws IOException {
        Map<String, Map<String, Set<String>>> scraped = scraped();
        String documented = Files.readString(Path.of("..", "docs", "metrics.md"));
        List<String> alerts = expressions("tidemark-alerts.yml", "(?m)^ +expr: (.*)$");
        List<String> panels =
                expressions("tidemark-dashboard.json", "\"(?:expr|query)\": \"((?:label_values|[^\"\\\\]|\\\\.)*)\"");
        assertThat(alerts).hasSizeGreaterThan(10);
        assertThat(panels).hasSizeGreaterThan(20);
        for (String expression : Stream.concat(alerts.stream(), panels.stream()).toList()) {
            Matcher series = SERIES.matcher(expression);
            while (series.find()) {
                String name = series.group(1);
                assertThat(scraped).as(expression).containsKey(name);
                assertThat(meters())
                        .as(expression)
                        .anySatisfy(meter -> assertThat(name)
                                .matches(meter.replace('.', '_') + "(_seconds)?(_(total|count|sum|max))?")
                                .satisfies(any -> assertThat(documented).contains("| `" + meter + "` |")));
                Matcher label = LABEL.matcher(String.valueOf(series.group(2)));
                while (label.find()) {
                    Map<String, Set<String>> labels = scraped.getOrDefault(name, Map.of());
                    assertThat(labels).as(expression).containsKey(label.group(1));
                    if (!label.group(3).startsWith("$")) {
                        assertThat(labels.get(label.group(1)))
                                .as(expression)
                                .contains(label.group(3).split("\\|"));
                    }
                }
            }
        }
    }

    private static List<String> meters() {
        return Stream.concat(
                        Stream.of(MetricNames.values()).map(MetricNames::meterName),
                        Stream.of(ServerMetricNames.values()).map(name -> name.meter))
                .toList();
    }

    @Test
    void everyAlert_leadsToAPlaceThatThereIs() throws IOException {
        List<String> runbooks = expressions("tidemark-alerts.yml", "(?m)^ +runbook: (.*)$");
        assertThat(runbooks).hasSameSizeAs(expressions("tidemark-alerts.yml", "(?m)- alert: (.*)$"));
        for (String runbook : runbooks) {
            String[] place = runbook.split("#");
            assertThat(Files.readAllLines(Path.of("..", place[0])).stream()
                            .filter(line -> line.startsWith("#"))
                            .map(line -> line.replaceFirst("^#+ ", "")
                                    .toLowerCase(Locale.ROOT)
                                    .replaceAll("[^a-z0-9 -]", "")
                                    .replace(' ', '-')))
                    .as(runbook)
                    .contains(place[1]);
        }
    }

    @Test
    void dashboard_isWellFormed() throws IOException {
        String json = Files.readString(DIST.resolve("tidemark-dashboard.json"));
        String structure = json.replaceAll("\"(?:[^\"\\\\]|\\\\.)*\"", "\"\"").replaceAll("\\s", "");
        // Rubs out values from the inside, until one is left.
        String before = "";
        String left = structure.replaceAll("\"\"|-?\\d+|true|false|null", "v");
        while (!left.equals(before)) {
            before = left;
            left = left.replaceAll("\\{(v:v(,v:v)*)?}|\\[(v(,v)*)?]", "v");
        }
        assertThat(left).isEqualTo("v");
    }

    @Test
    void logAsJson_isALineForEachEvent_whateverItSays() throws Exception {
        LoggerContext context = new LoggerContext();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(DIST.resolve("logback-json.xml").toFile());
        assertThat(context.getLogger("dev.tidemark.audit").getLevel()).isEqualTo(Level.INFO);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ConsoleAppender<ILoggingEvent> appender = (ConsoleAppender<ILoggingEvent>) root.getAppender("stderr");
        assertThat(appender.getTarget()).isEqualTo("System.err");
        String line = new String(
                appender.getEncoder()
                        .encode(new LoggingEvent(
                                "test", root, Level.WARN, "partition={}", null, new Object[] {"a\"b\nc"})),
                StandardCharsets.UTF_8);
        assertThat(line)
                .startsWith("{")
                .endsWith("}\n")
                .contains("\"level\":\"WARN\"", "partition=a\\\"b\\nc")
                .hasLineCount(1);
        context.stop();
    }
}

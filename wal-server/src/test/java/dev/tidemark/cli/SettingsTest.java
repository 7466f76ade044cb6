package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@code wal serve} is configured: flags, variables, a file, defaults. */
class SettingsTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "configuration.md");
    private static final Pattern ROW =
            Pattern.compile("^\\| `([a-z-]+)` \\| `(TIDEMARK_[A-Z_]+)` \\| ([^|]+) \\| ([^|]+) \\|.*\\|$");

    @TempDir
    private Path directory;

    private Path file(String... lines) throws IOException {
        return Files.write(directory.resolve("tidemark.conf"), List.of(lines));
    }

    private static CliRun print(Map<String, String> environment, Object... args) {
        Object[] all = new Object[args.length + 2];
        all[0] = "serve";
        all[1] = "--print-config";
        System.arraycopy(args, 0, all, 2, args.length);
        return CliRun.with(environment, all);
    }

    private static Map<String, String> lines(CliRun run) {
        assertThat(run.exitCode()).as(run.err()).isZero();
        Map<String, String> lines = new TreeMap<>();
        for (String line : run.outLines()) {
            lines.put(line.replaceFirst("^#?([a-z-]+) = .*", "$1"), line.replaceAll(" +# ", " # "));
        }
        return lines;
    }

    @Test
    void flagCountsMoreThanVariable_andThatMoreThanFile_andThatMoreThanDefault() throws Exception {
        Path file = file("# of the shop", "data = store", "", "port=1111", "http-port = 2222", "event-loops = 3");
        Map<String, String> lines = lines(print(
                Map.of("TIDEMARK_CONFIG", file.toString(), "TIDEMARK_PORT", "4444", "TIDEMARK_HTTP_PORT", "5555"),
                "--port",
                "6666"));
        assertThat(lines)
                .containsEntry("port", "port = 6666 # flag")
                .containsEntry("http-port", "http-port = 5555 # TIDEMARK_HTTP_PORT")
                .containsEntry("event-loops", "event-loops = 3 # " + file + ":6")
                .containsEntry("data", "data = " + directory.resolve("store") + " # " + file + ":2")
                .containsEntry("host", "#host = 127.0.0.1 # default")
                .containsEntry("tokens", "#tokens = # default");
        assertThat(Files.exists(directory.resolve("store"))).isFalse();
    }

    @Test
    void whatIsPrinted_canBeTheFile() throws Exception {
        CliRun first = print(
                Map.of(),
                "--data",
                directory.resolve("d"),
                "--port",
                "1234",
                "--host",
                "0.0.0.0",
                "--insecure-no-authentication",
                "--log-level",
                "warn");
        assertThat(lines(first))
                .containsEntry("insecure-no-authentication", "insecure-no-authentication = true # flag");
        Path file =
                Files.writeString(directory.resolve("printed.conf"), first.out().replaceAll("(?m) +# .*$", ""));
        Map<String, String> second = lines(print(Map.of(), "--config", file));
        assertThat(second.get("port")).startsWith("port = 1234 # " + file);
        assertThat(second.get("insecure-no-authentication")).startsWith("insecure-no-authentication = true # " + file);
        assertThat(second.get("log-level")).startsWith("log-level = warn # " + file);
    }

    @Test
    void everythingThatIsWrong_isToldAtOnce() throws Exception {
        Path file = file(
                "data = data",
                "prot = 1",
                "http-port = many",
                "insecure-no-authentication = yes",
                "tokens = nowhere",
                "no line",
                "host = 127.0.0.1",
                "host = 127.0.0.2",
                "log-level = LOUD");
        CliRun run = CliRun.with(
                Map.of(
                        "TIDEMARK_EVENT_LOPS",
                        "2",
                        "TIDEMARK_EVENT_LOOPS",
                        "900",
                        "TIDEMARK_SERVICE_ADDRESS_OF_POD",
                        "x"),
                "serve",
                "--config",
                file,
                "--port",
                "big",
                "--colour",
                "blue");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err())
                .contains("CONFIG_INVALID")
                .contains(file + ":2: there is no prot, did you mean port?")
                .contains(file + ":3: http-port=many is no number")
                .contains(file + ":4: insecure-no-authentication=yes is no true or false")
                .contains(file + ":5: tokens cannot be read: file=" + directory.resolve("nowhere"))
                .contains(file + ":6: this is no line 'key = value'")
                .contains(file + ":8: host is there twice")
                .contains(file + ":9: log-level=LOUD is no [ERROR, WARN, INFO, DEBUG]")
                .contains("there is no TIDEMARK_EVENT_LOPS, did you mean TIDEMARK_EVENT_LOOPS?")
                .contains("eventLoops=900 must be 1 to 256")
                .contains("--port")
                .contains("--colour")
                .doesNotContain("TIDEMARK_SERVICE");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void fileThatIsMissingOrNone_isTold() throws Exception {
        assertThat(print(Map.of(), "--data", "d", "--config", directory.resolve("none"))
                        .err())
                .contains("config: no such file");
        Path bytes = Files.write(directory.resolve("bytes"), new byte[] {'a', '=', (byte) 0xff});
        assertThat(print(Map.of(), "--data", "d", "--config", bytes).err()).contains("is not UTF-8");
        Path large = Files.write(directory.resolve("large"), new byte[(1 << 20) + 1]);
        assertThat(print(Map.of(), "--data", "d", "--config", large).err()).contains("is too large");
        assertThat(print(Map.of(), "--data", "d", "--config", directory).err()).contains("cannot be read");
        assertThat(print(Map.of()).err()).contains("data is not given");
    }

    @Test
    void everyKey_isInTheDocument_withItsVariableAndDefault() throws IOException {
        Settings settings = settings();
        Settings.Read read = settings.read();
        Map<String, String> coded = new TreeMap<>();
        for (String key : settings.keys()) {
            String value = read.value(key).equals("d") ? "" : read.value(key);
            coded.put(key, Settings.variable(key) + " " + (value.isEmpty() ? "" : '`' + value + '`'));
        }
        Map<String, String> documented = new TreeMap<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                String value = row.group(4).strip();
                documented.put(row.group(1), row.group(2) + " " + (value.startsWith("`") ? value : ""));
            }
        }
        assertThat(documented).isEqualTo(coded);
        assertThat(coded).hasSizeGreaterThan(10).doesNotContainKeys("help", "version", "print-config", "verbose");
    }

    private static Settings settings() {
        return new Settings(
                Main.commandLine(Console.ofProcess())
                        .parseArgs("serve", "--data", "d")
                        .subcommand(),
                Map.of());
    }

    /** Each option has a kind that a file can have: else its flag could be given and its key could not. */
    @Test
    void everyKey_canBeSetInTheFile() throws Exception {
        Settings settings = settings();
        for (String key : settings.keys()) {
            CliRun run = print(Map.of(), "--config", file("data = d", key.equals("data") ? "" : key + " = ?"));
            assertThat(run.err()).as(key).doesNotContain("UNEXPECTED");
        }
    }
}

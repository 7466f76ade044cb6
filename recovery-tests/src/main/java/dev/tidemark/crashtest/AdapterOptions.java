package dev.tidemark.crashtest;

import dev.tidemark.cli.CommandFailure;
import dev.tidemark.cli.ExitCode;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options that say which log is tested, and how its processes are started. */
final class AdapterOptions {
    private static final int MAX_PATIENCE_SECONDS = 3_600;

    private static final Map<String, Class<? extends LogAdapter>> SHIPPED = new LinkedHashMap<>();

    static {
        SHIPPED.put("tidemark", TidemarkAdapter.class);
        SHIPPED.put("naive", NaiveAdapter.class);
        SHIPPED.put("hasty", HastyAdapter.class);
        SHIPPED.put("unforced", UnforcedAdapter.class);
    }

    @Option(
            names = "--adapter",
            paramLabel = "CLASS",
            description = {
                "The log under test: a class that implements LogAdapter, or one that ships with the tester: tidemark (the default), "
                        + "naive (one file, length and checksum), hasty and unforced (both broken on purpose)."
            })
    private String adapter = "tidemark";

    @Option(
            names = "--classpath",
            paramLabel = "PATH",
            description = "Where the adapter and its log are: jars and directories, as for java -cp.")
    private String classPath = "";

    @Option(
            names = "--java-option",
            paramLabel = "OPTION",
            description = "An option for the JVM in which the log runs; may be repeated: --java-option=--add-opens=...")
    private List<String> javaOptions = new ArrayList<>();

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            description = "How long the log may say nothing before it counts as hanging. Default: 60.")
    private int patienceSeconds = 60;

    /** The adapter as it was named. */
    String adapter() {
        return adapter;
    }

    /** How its processes are started. */
    TestChild.Settings settings(long seed, Path log) {
        if (patienceSeconds < 1 || patienceSeconds > MAX_PATIENCE_SECONDS) {
            throw usage("1 to " + MAX_PATIENCE_SECONDS + ": --patience=" + patienceSeconds);
        }
        Class<? extends LogAdapter> shipped = SHIPPED.get(adapter);
        return new TestChild.Settings(
                shipped == null ? adapter : shipped.getName(),
                existing(classPath),
                javaOptions,
                seed,
                Duration.ofSeconds(patienceSeconds),
                log);
    }

    private static List<String> existing(String classPath) {
        List<String> entries = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            if (entry.isEmpty()) {
                continue;
            }
            // With an asterisk java takes all jars of a directory.
            Path path = Path.of(entry.endsWith("*") ? entry.substring(0, entry.length() - 1) : entry);
            if (!Files.exists(path)) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND, "FILE_UNKNOWN", "no such file or directory: --classpath=" + entry, "");
            }
            entries.add(entry);
        }
        return entries;
    }

    static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, "USAGE", message, "see 'wal crash-test --help'");
    }
}

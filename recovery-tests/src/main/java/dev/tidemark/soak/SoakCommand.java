package dev.tidemark.soak;

import dev.tidemark.cli.CommandFailure;
import dev.tidemark.cli.Console;
import dev.tidemark.cli.ConsoleCommand;
import dev.tidemark.cli.ExitCode;
import dev.tidemark.cli.InterruptGuard;
import dev.tidemark.cli.Json;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Loads a store for as long as one likes, and watches it. */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        description = {
            "Appends in every way there is, reads, rotates, trims, closes and opens, for hours if wanted, and checks all of it while it goes.",
            "Every record is compared with the one that must come; the ends may not go back; each opening must find a clean store; and when the store is "
                    + "closed, threads, open files and direct memory must be where they were. Exit code 0 only if all of it held."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal soak --dir /mnt/disk --minutes 10",
            "  wal soak --dir /mnt/disk --hours 8 --partitions 64 --threads 16"
        })
final class SoakCommand extends ConsoleCommand {
    private static final Duration LONGEST = Duration.ofDays(30);
    private static final Duration INTERRUPT_PATIENCE = Duration.ofMinutes(2);
    private static final int MOST_PARTITIONS = 1024;
    private static final int MOST_THREADS = 256;

    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "Where to make the store's directory; must be there.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path parent;

    @Option(
            names = "--hours",
            paramLabel = "N",
            description = "How long; hours, minutes and seconds add up. Default: one minute.")
    private int hours;

    @Option(names = "--minutes", paramLabel = "N", description = "See --hours.")
    private int minutes;

    @Option(names = "--seconds", paramLabel = "N", description = "See --hours.")
    private int seconds;

    @Option(names = "--partitions", paramLabel = "N", description = "How many partitions. Default: 8.")
    private int partitions = 8;

    @Option(names = "--threads", paramLabel = "N", description = "How many threads append. Default: 4.")
    private int threads = 4;

    @Option(names = "--seed", paramLabel = "N", description = "The seed of all draws. Default: a new one each time.")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--json", description = "Print one JSON object at the end, and nothing before.")
    private boolean isJson;

    SoakCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException, InterruptedException {
        if (!Files.isDirectory(parent)) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND, "FILE_UNKNOWN", "no such directory: --dir=" + parent, "make it first");
        }
        Duration time = time();
        requireBetween("--partitions", partitions, MOST_PARTITIONS);
        requireBetween("--threads", threads, MOST_THREADS);
        long chosenSeed = seed.orElseGet(() -> Environment.real().random().nextLong());
        Path directory = Files.createTempDirectory(parent, "soak-");
        Soak soak =
                new Soak(new Soak.Plan(directory.resolve("store"), time, partitions, threads, chosenSeed), this::say);
        say("soak for " + time + ", seed " + chosenSeed + ", in " + directory);
        try (InterruptGuard guard = new InterruptGuard(soak::stop, INTERRUPT_PATIENCE, () -> {})) {
            List<String> problems = soak.run();
            tell(soak, chosenSeed, directory, problems);
            if (problems.isEmpty()) {
                delete(directory);
            }
            if (!problems.isEmpty()) {
                return ExitCode.FAILED;
            }
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    private Duration time() {
        if (hours < 0 || minutes < 0 || seconds < 0) {
            throw usage("no time is negative: --hours=" + hours + " --minutes=" + minutes + " --seconds=" + seconds);
        }
        Duration time = Duration.ofHours(hours).plusMinutes(minutes).plusSeconds(seconds);
        if (time.compareTo(LONGEST) > 0) {
            throw usage("at most " + LONGEST.toDays() + " days: " + time);
        }
        return time.isZero() ? Duration.ofMinutes(1) : time;
    }

    private static void requireBetween(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw usage("1 to " + most + ": " + option + '=' + value);
        }
    }

    private static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, "USAGE", message, "see 'wal soak --help'");
    }

    private void say(String line) {
        if (!isJson) {
            out().line("%s", line).flush();
        }
    }

    private void tell(Soak soak, long chosenSeed, Path directory, List<String> problems) {
        if (isJson) {
            StringBuilder texts = new StringBuilder("[");
            for (String problem : problems) {
                texts.append(texts.length() > 1 ? "," : "").append(Json.quoted(problem));
            }
            out().line(new Json()
                    .put("held", problems.isEmpty())
                    .put("seed", chosenSeed)
                    .put("millis", soak.took().toMillis())
                    .put("lives", soak.lives())
                    .put("records", soak.appended())
                    .put("bytes", soak.bytes())
                    .raw("problems", texts.append(']').toString())
                    .toString());
            return;
        }
        for (String problem : problems) {
            say("  " + console().paint().red("BROKEN") + "  " + problem);
        }
        say(
                problems.isEmpty()
                        ? "verdict: held. Nothing was wrong"
                        : "verdict: broken. Replay with --seed " + chosenSeed + "; kept: " + directory);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        }
    }
}

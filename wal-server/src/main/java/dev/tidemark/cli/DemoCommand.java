package dev.tidemark.cli;

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

/** Shows, on this machine and in a few seconds, that what was acknowledged survives the end of the process. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Appends in a process of its own, kills it in the middle, and proves that what was acknowledged is there.",
            "Several threads append durably until that process is ended by SIGKILL. What it left is opened, read, and compared with what it "
                    + "had reported: everything acknowledged is there, in order, byte for byte, and nothing is that was not submitted. "
                    + "Exit code 0 only if all of it held."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  wal demo", "  wal demo --seconds 10 --dir /mnt/disk", "  wal demo --keep"})
final class DemoCommand extends ConsoleCommand {
    /** After an interrupt: at most one step is finished, and the directory deleted. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final int MAX_SECONDS = 3_600;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Where to make the demo's own directory. Default: the directory for temporary files.")
    private Optional<Path> parent = Optional.empty();

    @Option(names = "--seconds", paramLabel = "N", description = "How long to append before the kill. Default: 4.")
    private double seconds = 4;

    @Option(names = "--seed", paramLabel = "N", description = "The seed of all payloads. Default: a new one each time.")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--keep", description = "Do not delete the demo's directory afterwards.")
    private boolean isKept;

    DemoCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        // Written so that it refuses what is no number, too.
        if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "more than 0, at most " + MAX_SECONDS + ": --seconds=" + seconds, "");
        }
        Path directory = parent.isPresent()
                ? Files.createTempDirectory(
                        StoreOption.existing(parent.get(), "--dir names a directory that is there"), "wal-demo-")
                : Files.createTempDirectory("wal-demo-");
        long chosenSeed = seed.orElseGet(() -> Environment.real().random().nextLong());
        DemoPlan plan = DemoPlan.of(chosenSeed, Duration.ofNanos((long) (seconds * 1e9)), 100);
        Demo demo = new Demo(plan, directory, new DemoReport(out(), console().paint()));
        try (InterruptGuard unused = new InterruptGuard(demo::stop, PATIENCE, () -> {})) {
            try {
                boolean held = demo.run();
                return held ? ExitCode.OK : ExitCode.FAILED;
            } catch (Demo.StoppedException e) {
                return ExitCode.INTERRUPTED;
            } finally {
                if (isKept) {
                    out().line("kept: " + directory + " seed=" + chosenSeed);
                } else {
                    delete(directory);
                }
            }
        }
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        }
    }
}

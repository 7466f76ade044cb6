package dev.tidemark.crashtest;

import dev.tidemark.cli.CommandFailure;
import dev.tidemark.cli.Console;
import dev.tidemark.cli.ConsoleCommand;
import dev.tidemark.cli.ExitCode;
import dev.tidemark.cli.InterruptGuard;
import dev.tidemark.cli.Json;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Tests a log by crashes: Tidemark, or any that has an adapter. */
@Command(
        name = "crash-test",
        mixinStandardHelpOptions = true,
        description = {
            "Tests whether a log keeps its promises: what was acknowledged is there, in order, byte for byte, and nothing else.",
            "Kills processes that append, changes files, lets the power go on a simulated disk, to which the log writes or its recorded system calls are "
                    + "replayed, and, where it writes through a Disk of ours, lets calls fail. The verdict says what was shown and what was not. With --witness another machine notes what was acknowledged, so "
                    + "that one can pull the plug of this one, and --check judges afterwards."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal crash-test --dir /mnt/disk --seconds 60",
            "  wal crash-test --dir tmp --adapter hasty",
            "  wal crash-test --dir tmp --adapter com.example.MyLogAdapter --classpath my-log.jar --json",
            "  wal crash-test --dir notes --witness-listen 7070",
            "  wal crash-test --dir /mnt/disk --seconds 3600 --tests kill --witness 192.0.2.7:7070",
            "  wal crash-test --dir /mnt/disk --check --witness 192.0.2.7:7070"
        })
final class CrashTestCommand extends ConsoleCommand {
    private static final String PREFIX = "crash-test-";
    private static final String RECORDED = "recorded";
    private static final List<String> HOW_POWER_IS_LOST = List.of("simulated", RECORDED);
    private static final int MAX_SECONDS = 30 * 24 * 3_600;
    private static final int MAX_PORT = 65_535;
    /** After an interrupt: the child is dead, and a directory is deleted. */
    private static final Duration INTERRUPT_PATIENCE = Duration.ofSeconds(60);

    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "Where to make a directory for this run; on the disk to be tested.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path parent;

    @Mixin
    private AdapterOptions log = new AdapterOptions();

    @Option(names = "--seconds", paramLabel = "N", description = "How long to test, about. Default: 20.")
    private double seconds = 20;

    @Option(
            names = "--kills",
            paramLabel = "N",
            description = "End after so many kills that count, if that is earlier.")
    private int kills = Integer.MAX_VALUE;

    @Option(
            names = "--tests",
            split = ",",
            paramLabel = "TEST",
            description =
                    "Only these: damage, faults, power, kill. Default: all, as far as the log makes them possible.")
    private List<String> tests = CrashTest.TESTS;

    @Option(
            names = "--power",
            paramLabel = "HOW",
            description = {
                "How the power is lost: simulated, on a disk of ours, where the log writes through one; or recorded, by replaying the system calls that "
                        + "strace has seen. Default: simulated where that is possible."
            })
    private Optional<String> power = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "The seed of all draws. Default: a new one each time.")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean isJson;

    @Option(names = "--keep", description = "Keep the run's directory. It is always kept when a promise did not hold.")
    private boolean isKept;

    @Option(
            names = "--witness",
            paramLabel = "HOST:PORT",
            description = "Send each acknowledgement there; with --check, get them from there.")
    private Optional<String> witness = Optional.empty();

    @Option(names = "--check", description = "Judge what the last run with a witness has left here.")
    private boolean isCheck;

    @Option(names = "--run", paramLabel = "ID", description = "With --check: which run, if there are several in DIR.")
    private Optional<String> run = Optional.empty();

    @Option(
            names = "--witness-listen",
            paramLabel = "PORT",
            description =
                    "Be the witness: note in DIR what others send, until interrupted. In a network you trust; nobody is asked who he is.")
    private Optional<Integer> listenPort = Optional.empty();

    CrashTestCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        if (!Files.isDirectory(parent)) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "FILE_UNKNOWN",
                    "no such directory: --dir=" + parent,
                    "make it first, on the disk to be tested");
        }
        if (listenPort.isPresent()) {
            return listen(listenPort.get());
        }
        return isCheck ? check() : test();
    }

    // ---- a test

    private ExitCode test() throws IOException {
        CrashTest.Plan plan = plan();
        long id = Environment.real().random().nextLong();
        long chosenSeed = seed.orElse(id >>> 1);
        Path directory = parent.resolve(String.format(Locale.ROOT, PREFIX + "%016x", id));
        TestChild.Settings settings = log.settings(chosenSeed, directory.resolve("child.log"));
        Optional<InetSocketAddress> witnessAddress = witness.map(CrashTestCommand::address);
        Tree.createDurably(directory);
        Children children = new Children(settings);
        // Around all of it: after an interrupt the process waits until the directory is deleted.
        try (InterruptGuard unused = new InterruptGuard(children::stop, INTERRUPT_PATIENCE, () -> {})) {
            boolean isToBeKept = isKept || witness.isPresent();
            try (Witness noting =
                    witnessAddress.isPresent() ? connect(witnessAddress.get(), id, chosenSeed) : Witness.NONE) {
                Verdict verdict = run(new CrashTest(plan, children, directory, noting), directory, chosenSeed);
                isToBeKept |= verdict.exitCode() == ExitCode.BROKEN;
                return verdict.exitCode();
            } catch (StoppedException e) {
                return ExitCode.INTERRUPTED;
            } finally {
                if (isToBeKept) {
                    say("kept:    " + directory);
                } else {
                    Tree.delete(directory);
                }
            }
        }
    }

    private CrashTest.Plan plan() {
        // Written so that it refuses what is no number, too.
        if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
            throw AdapterOptions.usage("more than 0, at most " + MAX_SECONDS + ": --seconds=" + seconds);
        }
        if (kills < 1) {
            throw AdapterOptions.usage("the least is 1: --kills=" + kills);
        }
        Set<String> chosen = new LinkedHashSet<>(tests);
        for (String test : chosen) {
            if (!CrashTest.TESTS.contains(test)) {
                throw AdapterOptions.usage("one of " + CrashTest.TESTS + ": --tests=" + test);
            }
        }
        if (witness.isPresent() && !chosen.contains(KillRounds.NAME)) {
            throw AdapterOptions.usage("a witness notes what the kill test does: --tests=" + String.join(",", tests));
        }
        if (run.isPresent()) {
            throw AdapterOptions.usage("only with --check: --run=" + run.get());
        }
        if (power.isPresent() && !HOW_POWER_IS_LOST.contains(power.get())) {
            throw AdapterOptions.usage("one of " + HOW_POWER_IS_LOST + ": --power=" + power.get());
        }
        boolean isPowerRecorded = power.filter(RECORDED::equals).isPresent();
        return new CrashTest.Plan(chosen, Duration.ofNanos((long) (seconds * 1e9)), kills, isPowerRecorded);
    }

    private Witness connect(InetSocketAddress address, long id, long chosenSeed) {
        try {
            return RemoteWitness.connect(address, id, chosenSeed);
        } catch (IOException e) {
            throw witnessFailed(address, e);
        }
    }

    private static CommandFailure witnessFailed(InetSocketAddress address, IOException e) {
        return new CommandFailure(
                ExitCode.UNTESTED,
                "WITNESS_FAILED",
                "the witness does not answer as it should: --witness=" + address.getHostString() + ':'
                        + address.getPort() + " (" + e + ')',
                "start it there with 'wal crash-test --dir DIR --witness-listen PORT'");
    }

    private Verdict run(CrashTest test, Path directory, long chosenSeed) throws IOException {
        say("crash test of " + log.adapter() + ", seed " + chosenSeed + ", in " + directory);
        try {
            Verdict verdict = new Verdict(test.run(this::print));
            tell(
                    verdict,
                    new Json()
                            .put("adapter", log.adapter())
                            .put("seed", chosenSeed)
                            .put("directory", directory.toString()));
            if (!isJson && verdict.exitCode() != ExitCode.OK) {
                out().line("replay:  the same command with --seed " + chosenSeed
                        + "; the draws are the same, when a kill meets the process is not");
            }
            return verdict;
        } catch (UnknownAdapterException e) {
            throw unknownAdapter(e);
        } catch (AdapterFailureException e) {
            throw new CommandFailure(ExitCode.UNTESTED, "ADAPTER_FAILED", String.valueOf(e.getMessage()), "");
        } catch (Witness.LostException e) {
            throw new CommandFailure(ExitCode.UNTESTED, "WITNESS_FAILED", String.valueOf(e.getMessage()), "");
        }
    }

    private CommandFailure unknownAdapter(UnknownAdapterException e) {
        return new CommandFailure(
                ExitCode.USAGE,
                "ADAPTER_UNKNOWN",
                "no such adapter: --adapter=" + log.adapter() + " (" + e.getMessage() + ')',
                "a public class that implements " + LogAdapter.class.getName()
                        + ", with a public constructor without arguments, on --classpath");
    }

    private void print(Checked result) {
        if (!isJson) {
            Verdict.print(result, out(), console().paint());
        }
    }

    private void tell(Verdict verdict, Json head) {
        if (isJson) {
            out().line(verdict.toJson(head));
        } else {
            verdict.print(out(), console().paint());
        }
    }

    private void say(String line) {
        if (!isJson) {
            out().line(line).flush();
        }
    }

    // ---- the check afterwards

    private ExitCode check() throws IOException {
        InetSocketAddress address = address(witness.orElseThrow(
                () -> AdapterOptions.usage("--check asks a witness: --witness HOST:PORT is missing")));
        String id = run.orElseGet(this::onlyRun);
        Path directory = parent.resolve(PREFIX + id);
        WitnessedRun witnessed;
        try {
            witnessed = RemoteWitness.fetch(address, Long.parseUnsignedLong(id, 16));
        } catch (NumberFormatException e) {
            throw AdapterOptions.usage("16 hexadecimal digits: --run=" + id);
        } catch (IOException e) {
            throw witnessFailed(address, e);
        }
        Tree.createDurably(directory);
        Children children = new Children(log.settings(witnessed.seed(), directory.resolve("child.log")));
        say("check of run " + id + " of " + log.adapter() + ", in " + directory);
        try (InterruptGuard unused = new InterruptGuard(children::stop, INTERRUPT_PATIENCE, () -> {})) {
            Checked result = WitnessCheck.run(children, directory, witnessed);
            print(result);
            Verdict verdict = new Verdict(List.of(result));
            tell(
                    verdict,
                    new Json().put("adapter", log.adapter()).put("run", id).put("directory", directory.toString()));
            return verdict.exitCode();
        } catch (UnknownAdapterException e) {
            throw unknownAdapter(e);
        } catch (StoppedException e) {
            return ExitCode.INTERRUPTED;
        }
    }

    private String onlyRun() {
        try (Stream<Path> found = Files.list(parent)) {
            List<String> runs = found.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> name.startsWith(PREFIX))
                    .map(name -> name.substring(PREFIX.length()))
                    .sorted()
                    .toList();
            if (runs.size() == 1) {
                return runs.get(0);
            }
            throw AdapterOptions.usage(
                    runs.isEmpty()
                            ? "no run was kept here: --dir=" + parent
                            : "which of them: --run=" + String.join("|", runs));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "IO_FAILED", "--dir=" + parent + " (" + e + ')', "");
        }
    }

    // ---- the witness

    private ExitCode listen(int port) throws IOException {
        if (port < 0 || port > MAX_PORT) {
            throw AdapterOptions.usage("0 to " + MAX_PORT + ": --witness-listen=" + port);
        }
        try (WitnessServer server = WitnessServer.open(
                        new InetSocketAddress(port), parent, console().err());
                InterruptGuard guard = new InterruptGuard(() -> closeQuietly(server), INTERRUPT_PATIENCE, () -> {})) {
            out().line("witness: port=" + server.port() + " notes=" + parent).flush();
            server.serve();
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    private void closeQuietly(WitnessServer server) {
        try {
            server.close();
        } catch (IOException e) {
            console().err().println("wal: IO_FAILED the port could not be closed (" + e + ')');
        }
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon > 0 && port > 0 && port <= MAX_PORT) {
                return new InetSocketAddress(text.substring(0, colon), port);
            }
        } catch (NumberFormatException e) {
            throw AdapterOptions.usage("HOST:PORT: --witness=" + text);
        }
        throw AdapterOptions.usage("HOST:PORT: --witness=" + text);
    }
}

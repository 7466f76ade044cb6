package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A witness on this machine, which shows all but the plug being pulled. */
class WitnessTest {

    @TempDir
    Path directory;

    @TempDir
    Path notes;

    private final StringWriter log = new StringWriter();
    private WitnessServer server;
    private Thread serving;
    private volatile IOException failure;

    @BeforeEach
    void listens() throws IOException {
        server = WitnessServer.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), notes, new PrintWriter(log, true));
        serving = new Thread(() -> {
            try {
                server.serve();
            } catch (IOException e) {
                failure = e;
            }
        });
        serving.start();
    }

    @AfterEach
    void stops() throws Exception {
        server.close();
        serving.join(60_000);
        assertThat(serving.isAlive()).isFalse();
        assertThat(failure).isNull();
    }

    private String address() {
        return "127.0.0.1:" + server.port();
    }

    private CrashTestRun testedWithAWitness() {
        CrashTestRun run = CrashTestRun.of(
                "--dir",
                directory,
                "--adapter",
                "naive",
                "--tests",
                "kill",
                "--seconds",
                90,
                "--kills",
                2,
                "--witness",
                address());
        assertThat(run.exitCode()).as(run.all()).isZero();
        return run;
    }

    private CrashTestRun check() {
        return CrashTestRun.of("--dir", directory, "--adapter", "naive", "--check", "--witness", address());
    }

    private Path only(Path parent, String prefix) throws IOException {
        try (Stream<Path> found = Files.list(parent)) {
            List<Path> all = found.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .toList();
            assertThat(all).hasSize(1);
            return all.get(0);
        }
    }

    @Test
    void whatTheWitnessNoted_isThere() {
        testedWithAWitness();

        CrashTestRun check = check();

        assertThat(check.exitCode()).as(check.all()).isZero();
        assertThat(check.out())
                .contains(
                        "witness held",
                        "acknowledgements noted",
                        "the run had ended in order",
                        "loss of power, if the power");
    }

    @Test
    void whatTheWitnessNotedAndIsGone_isFound() throws IOException {
        testedWithAWitness();
        Path lost = only(only(directory, "crash-test-"), "log-").resolve("log");
        try (RandomAccessFile file = new RandomAccessFile(lost.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }

        CrashTestRun check = check();

        assertThat(check.exitCode()).as(check.all()).isEqualTo(11);
        assertThat(check.out()).contains("witness BROKEN", "are for records that are missing");
    }

    @Test
    void wholeLogIsGone_isFound() throws IOException {
        testedWithAWitness();
        Tree.delete(only(only(directory, "crash-test-"), "log-"));

        assertThat(check().exitCode()).isEqualTo(11);
    }

    @Test
    void runThatIsUnknownToTheWitness_cannotBeChecked() {
        CrashTestRun check =
                CrashTestRun.of("--dir", directory, "--check", "--witness", address(), "--run", "0123456789abcdef");

        assertThat(check.exitCode()).as(check.all()).isEqualTo(12);
        assertThat(check.err()).contains("no notes about this run");
    }

    @Test
    void tornNote_endsTheNotes() throws Exception {
        testedWithAWitness();
        Path file = only(notes, "witness-");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);

        CrashTestRun check = check();

        assertThat(check.exitCode()).as(check.all()).isZero();
        // The last note said that the run had ended in order.
        assertThat(check.out()).doesNotContain("ended in order");
    }

    @Test
    void witnessThatGoesAway_endsTheTest() throws Exception {
        long run = 17;
        try (RemoteWitness witness =
                RemoteWitness.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()), run, 1)) {
            witness.newLog(0);
            server.close();

            assertThatThrownBy(() -> {
                        while (true) {
                            witness.awaitNoted();
                        }
                    })
                    .isInstanceOf(Witness.LostException.class);
        }
    }

    @Test
    void strangerWhoConnects_isTurnedAway() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            new DataOutputStream(socket.getOutputStream()).writeBytes("GET / HT");

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        try (Stream<Path> files = Files.list(notes)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void secondRunWithTheSameId_isRefused() throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
        try (RemoteWitness first = RemoteWitness.connect(address, 18, 1)) {
            first.note(1);
            first.awaitNoted();

            assertThatThrownBy(() -> RemoteWitness.connect(address, 18, 1)).hasMessageContaining("already");
        }
    }
}

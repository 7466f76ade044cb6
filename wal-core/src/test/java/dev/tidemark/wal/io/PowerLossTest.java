package dev.tidemark.wal.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a simulated loss of power may take, and what not. The tests of the engine stand on these rules. */
class PowerLossTest {
    private static final Path DATA = Path.of("/data");
    private static final Path FILE = DATA.resolve("f");
    private static final int SAMPLE = 4_000;

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DATA);

    private static ByteBuffer filled(int bytes, char with) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        Arrays.fill(buffer.array(), (byte) with);
        return buffer;
    }

    /** A file that is durable with its name, holding one letter. */
    private DiskFile durableFile(Path path, int bytes, char with) throws IOException {
        DiskFile file = disk.create(path);
        file.writeFully(filled(bytes, with), 0);
        file.force(false);
        disk.forceDirectory(DATA);
        return file;
    }

    /** All that is seen in the states a loss of power now can leave behind. */
    private static <T> Set<T> after(SimulatedDisk disk, NameRule rule, Function<SimulatedDisk, T> seen) {
        Set<T> all = new HashSet<>();
        CrashStates states = disk.crashStates().advanceTo(disk.operationCount());
        states.each(rule, SAMPLE, 1, state -> all.add(seen.apply(state.disk())));
        return all;
    }

    /** The letters of a file, one for each run of equal bytes of at least a sector; '-' for zeros, "absent" without it. */
    private static Function<SimulatedDisk, String> sectorsOf(Path path) {
        return disk -> {
            if (!disk.files().contains(path)) {
                return "absent";
            }
            byte[] bytes = disk.contents(path);
            StringBuilder text = new StringBuilder();
            for (int at = 0; at < bytes.length; at += Pages.SECTOR_BYTES) {
                int end = Math.min(bytes.length, at + Pages.SECTOR_BYTES);
                for (int i = at; i < end; i++) {
                    assertThat(bytes[i]).as("a sector is whole").isEqualTo(bytes[at]);
                }
                text.append(bytes[at] == 0 ? '-' : (char) bytes[at]);
            }
            return text.toString();
        };
    }

    private static Function<SimulatedDisk, Set<String>> names() {
        return disk -> {
            Set<String> names = new TreeSet<>();
            disk.files().forEach(path -> names.add(DATA.relativize(path).toString()));
            return names;
        };
    }

    @ParameterizedTest
    @EnumSource(NameRule.class)
    void forcedBytes_alwaysSurvive(NameRule rule) throws IOException {
        durableFile(FILE, 1024, 'a');
        assertThat(after(disk, rule, sectorsOf(FILE))).containsExactly("aa");
    }

    @ParameterizedTest
    @EnumSource(NameRule.class)
    void unforcedSectors_vanishIndependently(NameRule rule) throws IOException {
        DiskFile file = durableFile(FILE, 1536, 'a');
        file.writeFully(filled(1536, 'b'), 0);
        assertThat(after(disk, rule, sectorsOf(FILE)))
                .containsExactlyInAnyOrder("aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb");
    }

    @Test
    void sectorWrittenTwice_holdsAnyOfItsVersions() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        file.writeFully(filled(512, 'b'), 0);
        file.writeFully(filled(512, 'c'), 0);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void partOfASector_isWrittenWithTheRestOfIt() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        file.writeFully(filled(100, 'b'), 200);
        Set<String> seen = after(disk, NameRule.ANY_FORCE, state -> {
            byte[] bytes = state.contents(FILE);
            return "" + (char) bytes[199] + (char) bytes[200] + (char) bytes[299] + (char) bytes[300];
        });
        assertThat(seen).containsExactlyInAnyOrder("aaaa", "abba");
    }

    @Test
    void fileThatGrew_mayHaveItsOldOrItsNewSizeWithZerosInIt() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        file.writeFully(filled(1024, 'b'), 512);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .containsExactlyInAnyOrder("a", "a--", "a-b", "ab-", "abb");
    }

    @Test
    void longWriteBehindTheEnd_mayHaveReachedTheDiskInPart() throws IOException {
        DiskFile file = durableFile(FILE, 4096, 'a');
        file.writeFully(filled(3 * 4096, 'b'), 4096);
        Set<Integer> sizes = after(disk, NameRule.ANY_FORCE, state -> state.contents(FILE).length);
        assertThat(sizes).containsExactlyInAnyOrder(4096, 8192, 12288, 16384);
    }

    @Test
    void overwrittenZeros_keepTheSize() throws IOException {
        DiskFile file = durableFile(FILE, 2048, '\0');
        file.writeFully(filled(1024, 'b'), 0);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .containsExactlyInAnyOrder("----", "b---", "-b--", "bb--");
    }

    @Test
    void fileThatWasForced_vanishesIfOnlyItsDirectoryCouldKeepTheName() throws IOException {
        DiskFile file = disk.create(FILE);
        file.writeFully(filled(512, 'a'), 0);
        file.force(true);
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("absent", "a");
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactly("a");
    }

    @Test
    void unforcedName_mayBeThereBeforeItsBytes() throws IOException {
        DiskFile file = disk.create(FILE);
        file.writeFully(filled(512, 'a'), 0);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("absent", "", "-", "a");
    }

    @Test
    void unforcedRename_mayVanish_butNeverLeavesBothOrNeither() throws IOException {
        durableFile(DATA.resolve("old"), 512, 'a').close();
        durableFile(DATA.resolve("new"), 512, 'b').close();
        disk.rename(DATA.resolve("new"), DATA.resolve("old"));
        for (NameRule rule : NameRule.values()) {
            assertThat(after(disk, rule, names())).containsExactlyInAnyOrder(Set.of("old"), Set.of("old", "new"));
            assertThat(after(disk, rule, sectorsOf(DATA.resolve("old")))).containsExactlyInAnyOrder("a", "b");
        }
        disk.forceDirectory(DATA);
        for (NameRule rule : NameRule.values()) {
            assertThat(after(disk, rule, sectorsOf(DATA.resolve("old")))).containsExactly("b");
        }
    }

    @Test
    void unforcedDeletion_mayBringTheFileBackWithItsBytes() throws IOException {
        durableFile(FILE, 512, 'a').close();
        disk.delete(FILE);
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("absent", "a");
        disk.forceDirectory(DATA);
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, sectorsOf(FILE))).containsExactly("absent");
    }

    @Test
    void changesOfNames_areLostInAnyOrderOrOnlyFromTheEnd() throws IOException {
        disk.create(DATA.resolve("a")).close();
        disk.create(DATA.resolve("b")).close();
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, names()))
                .containsExactlyInAnyOrder(Set.of(), Set.of("a"), Set.of("b"), Set.of("a", "b"));
        assertThat(after(disk, NameRule.ANY_FORCE, names()))
                .containsExactlyInAnyOrder(Set.of(), Set.of("a"), Set.of("a", "b"));
    }

    @Test
    void changesOfOneName_keepTheirOrder() throws IOException {
        disk.create(DATA.resolve("a")).close();
        disk.rename(DATA.resolve("a"), DATA.resolve("b"));
        disk.rename(DATA.resolve("b"), DATA.resolve("c"));
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, names()))
                .containsExactlyInAnyOrder(Set.of(), Set.of("a"), Set.of("b"), Set.of("c"));
    }

    @Test
    void anyForce_commitsEarlierNamesButNotLaterOnes() throws IOException {
        DiskFile other = durableFile(DATA.resolve("other"), 512, 'o');
        disk.create(DATA.resolve("a")).close();
        other.writeFully(filled(512, 'p'), 0);
        other.force(false);
        disk.create(DATA.resolve("b")).close();
        assertThat(after(disk, NameRule.ANY_FORCE, names()))
                .containsExactlyInAnyOrder(Set.of("other", "a"), Set.of("other", "a", "b"));
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, names())).hasSize(4);
    }

    @Test
    void directoryCreatedAsideAndRenamed_isThereWholeOrNot() throws IOException {
        Path aside = DATA.resolve("create-1.tmp");
        disk.createDirectory(aside);
        DiskFile file = disk.create(aside.resolve("f"));
        file.writeFully(filled(512, 'a'), 0);
        file.force(true);
        file.close();
        disk.forceDirectory(aside);
        disk.rename(aside, DATA.resolve("orders-0"));
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, names()))
                .containsExactlyInAnyOrder(Set.of(), Set.of("create-1.tmp/f"), Set.of("orders-0/f"));
        disk.forceDirectory(DATA);
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, sectorsOf(DATA.resolve("orders-0/f"))))
                .containsExactly("a");
    }

    @Test
    void directoryThatWasEmptiedAndDeleted_doesNotComeBackWithoutItsFiles() throws IOException {
        Path directory = DATA.resolve("d");
        disk.createDirectory(directory);
        disk.create(directory.resolve("f")).close();
        disk.forceDirectory(directory);
        disk.forceDirectory(DATA);
        disk.delete(directory.resolve("f"));
        disk.delete(directory);
        Set<Boolean> directoryLeft = after(disk, NameRule.DIRECTORY_FORCE, state -> existsIn(state, directory));
        assertThat(directoryLeft).containsExactlyInAnyOrder(true, false);
    }

    private static boolean existsIn(SimulatedDisk disk, Path path) {
        try {
            return disk.exists(path);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @EnumSource(NameRule.class)
    void unforcedCut_mayVanish_andIsNeverMixedWithWhatIsWrittenBehindIt(NameRule rule) throws IOException {
        DiskFile file = durableFile(FILE, 8192, 'a');
        file.truncate(4096);
        file.writeFully(filled(512, 'b'), 4096);
        Set<String> seen = after(disk, rule, sectorsOf(FILE));
        assertThat(seen)
                .containsExactlyInAnyOrder("a".repeat(16), "a".repeat(8), "a".repeat(8) + "-", "a".repeat(8) + "b");
    }

    @Test
    void cutWithinABlock_zeroesItsRestBeforeTheSizeChanges() throws IOException {
        DiskFile file = durableFile(FILE, 1024, 'a');
        file.truncate(512);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("aa", "a-", "a");
        file.force(false);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactly("a");
    }

    @Test
    void cutBeforeAForceOfAnotherFile_isInTheJournal() throws IOException {
        DiskFile file = durableFile(FILE, 8192, 'a');
        DiskFile other = durableFile(DATA.resolve("other"), 512, 'o');
        file.truncate(4096);
        other.force(false);
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactly("a".repeat(8));
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, sectorsOf(FILE)))
                .containsExactlyInAnyOrder("a".repeat(8), "a".repeat(16));
    }

    @Test
    void freshSpace_mayHoldRemainsOfADeletedFile() throws IOException {
        durableFile(DATA.resolve("old"), 4096, 'o').close();
        disk.delete(DATA.resolve("old"));
        disk.forceDirectory(DATA);
        DiskFile file = disk.create(FILE);
        disk.forceDirectory(DATA);
        file.writeFully(filled(1024, 'b'), 0);
        Set<String> seen = new HashSet<>();
        for (int seed = 0; seed < 500; seed++) {
            SimulatedDisk state = disk.crash(CrashPlan.random(NameRule.ANY_FORCE, true, seed), disk.operationCount());
            seen.add(sectorsOf(FILE).apply(state));
        }
        assertThat(seen).contains("", "bb", "bo", "ob", "oo", "--", "b-");
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .as("all states, without remains")
                .containsExactlyInAnyOrder("", "--", "b-", "-b", "bb");
    }

    @Test
    void writeBesideAForce_isNotCoveredByIt() throws Exception {
        DiskFile file = durableFile(FILE, 1024, 'a');
        file.writeFully(filled(512, 'b'), 0);
        Gate gate = disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
        Thread forcing = Environment.real().threads().newThread("forcing", () -> {
            try {
                file.force(false);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        forcing.start();
        gate.awaitArrival(Duration.ofSeconds(30));
        file.writeFully(filled(512, 'c'), 512);
        gate.open();
        forcing.join();
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("ba", "bc");
    }

    @Test
    void failedForce_isNeverMadeGoodByALaterOne() throws IOException {
        DiskFile file = durableFile(FILE, 1024, 'a');
        file.writeFully(filled(512, 'b'), 0);
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        assertThatThrownBy(() -> file.force(false)).hasMessageContaining("Input/output error");
        file.writeFully(filled(512, 'c'), 512);
        file.force(false);
        assertThat(sectorsOf(FILE).apply(disk)).as("the page cache").isEqualTo("bc");
        assertThat(after(disk, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("ac", "bc");

        SimulatedDisk next = disk.killProcess();
        DiskFile reopened = next.open(FILE, Disk.Access.READ_WRITE);
        reopened.force(false);
        assertThat(sectorsOf(FILE).apply(next)).isEqualTo("bc");
        assertThat(after(next, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .as("a new process that believes the cache and forces")
                .containsExactlyInAnyOrder("ac", "bc");

        reopened.writeFully(filled(512, 'b'), 0);
        reopened.force(false);
        assertThat(after(next, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .as("written again, then forced")
                .containsExactly("bc");
    }

    @Test
    void failedForceOfADirectory_isNeverMadeGoodByALaterOne() throws IOException {
        disk.create(FILE).close();
        disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE_DIRECTORY)));
        assertThatThrownBy(() -> disk.forceDirectory(DATA)).isInstanceOf(IOException.class);
        disk.forceDirectory(DATA);
        assertThat(after(disk, NameRule.DIRECTORY_FORCE, names())).containsExactlyInAnyOrder(Set.of(), Set.of("f"));
    }

    @Test
    void killedProcess_losesNothingItWroteUntilThePowerFails() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        file.writeFully(filled(512, 'b'), 0);
        DiskLock lock = disk.lock(DATA.resolve("LOCK"));
        SimulatedDisk next = disk.killProcess();
        assertThat(sectorsOf(FILE).apply(next)).isEqualTo("b");
        assertThat(lock.isHeld()).isFalse();
        assertThat(file.isOpen()).isFalse();
        assertThatThrownBy(() -> file.writeFully(filled(1, 'x'), 0)).hasMessageContaining("has ended");
        next.lock(DATA.resolve("LOCK")).close();
        assertThat(after(next, NameRule.ANY_FORCE, sectorsOf(FILE))).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void killInTheMiddleOfAWrite_leavesWholePagesOfItsBeginning() throws IOException {
        DiskFile file = durableFile(FILE, 100, 'a');
        long boundary = disk.operationCount();
        file.writeFully(filled(3 * 4096, 'b'), 100);
        CrashStates states = disk.crashStates().advanceTo(boundary);
        Set<Integer> sizes = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            byte[] bytes = states.killedInNext(seed).contents(FILE);
            sizes.add(bytes.length);
            assertThat(new String(bytes, UTF_8)).matches("a{100}b*");
        }
        assertThat(sizes).containsExactly(4096, 8192, 12288);
    }

    @Test
    void everyBoundary_canBeVisitedOnTheWay() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        for (char letter = 'b'; letter <= 'e'; letter++) {
            file.writeFully(filled(512, letter), 0);
            file.force(false);
        }
        StringBuilder durable = new StringBuilder();
        CrashStates states = disk.crashStates();
        while (states.next()) {
            durable.append(sectorsOf(FILE).apply(states.powerLoss(CrashPlan.keepNothing())));
            durable.append(' ');
        }
        assertThat(durable.toString()).isEqualTo("absent absent absent a a b b c c d d e ");
    }

    @Test
    void samePlanForTheSameRecord_givesTheSameState() throws IOException {
        DiskFile file = durableFile(FILE, 20_000, 'a');
        for (int i = 0; i < 20; i++) {
            file.writeFully(filled(3_000, (char) ('b' + i)), i * 1_500L);
            disk.create(DATA.resolve("n" + i)).close();
        }
        long boundary = disk.operationCount();
        Set<Long> different = new HashSet<>();
        for (long seed = 0; seed < 200; seed++) {
            long one = disk.crash(CrashPlan.random(seed), boundary).fingerprint();
            assertThat(disk.crash(CrashPlan.random(seed), boundary).fingerprint())
                    .isEqualTo(one);
            different.add(one);
        }
        assertThat(different).hasSizeGreaterThan(150);
    }

    @Test
    void scriptedPlan_leadsToTheStateItWasReportedFor() throws IOException {
        DiskFile file = durableFile(FILE, 1024, 'a');
        file.writeFully(filled(1024, 'b'), 0);
        disk.create(DATA.resolve("n")).close();
        CrashStates states = disk.crashStates().advanceTo(disk.operationCount());
        int count = states.each(NameRule.DIRECTORY_FORCE, 100, 1, state -> {
            assertThat(disk.crash(state.plan(), state.boundary()).fingerprint())
                    .isEqualTo(state.disk().fingerprint());
            assertThat(state.plan().toString()).startsWith("CrashPlan.script(DIRECTORY_FORCE, false");
        });
        assertThat(count).isEqualTo(8);
    }

    @Test
    void crashDuringTheNextProcess_startsFromWhatThatOneFound() throws IOException {
        DiskFile file = durableFile(FILE, 512, 'a');
        file.writeFully(filled(512, 'b'), 0);
        SimulatedDisk second = disk.powerLoss(CrashPlan.keepEverything());
        assertThat(sectorsOf(FILE).apply(second)).isEqualTo("b");
        DiskFile again = second.open(FILE, Disk.Access.READ_WRITE);
        again.writeFully(filled(512, 'c'), 0);
        assertThat(after(second, NameRule.ANY_FORCE, sectorsOf(FILE)))
                .as("what survived the first crash is durable")
                .containsExactlyInAnyOrder("b", "c");
        assertThatThrownBy(() -> disk.exists(FILE)).hasMessageContaining("has ended");
    }
}

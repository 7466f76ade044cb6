package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.PartitionId;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

    @Test
    void segmentNames_areReadAsTheyArePrinted() {
        SegmentName name = new SegmentName(4096, 2);
        assertThat(name.segmentFile()).isEqualTo("00000000000000004096-00000002.seg");
        assertThat(name.indexFile()).isEqualTo("00000000000000004096-00000002.idx");
        assertThat(SegmentName.parseSegmentFile(name.segmentFile())).contains(name);
        assertThat(SegmentName.parseIndexFile(name.indexFile())).contains(name);

        SegmentName longest = new SegmentName(Long.MAX_VALUE, Integer.MAX_VALUE);
        assertThat(SegmentName.parseSegmentFile(longest.segmentFile())).contains(longest);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".seg",
                "00000000000000004096-00000002",
                "00000000000000004096-00000002.idx",
                "00000000000000004096-00000002.seg.tmp",
                "0000000000000004096-00000002.seg",
                "00000000000000004096-000000002.seg",
                "00000000000000004096-0000002.seg",
                "00000000000000004096-00000000.seg",
                "00000000000000004096_00000002.seg",
                "-0000000000000004096-00000002.seg",
                "+0000000000000004096-00000002.seg",
                "0000000000000000409٦-00000002.seg",
                "99999999999999999999-00000002.seg",
                "00000000000000004096-2147483648.seg",
                "../00000000000000004096-00000002.seg"
            })
    void textThatIsNoSegmentName_isNotReadAsOne(String text) {
        assertThat(SegmentName.parseSegmentFile(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"orders-0", "a-0-1", "orders--1", "..-7-8", "-x-2147483647", "A.b_c-d-10"})
    void partitionDirectories_areReadAsTheyArePrinted(String directory) {
        assertThat(Names.parsePartitionDirectory(directory))
                .hasValueSatisfying(
                        name -> assertThat(Names.partitionDirectory(name)).isEqualTo(directory));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "orders",
                "orders-",
                "-0",
                "orders-00",
                "orders-01",
                ".-7",
                "orders-2147483648",
                "orders-1x",
                "or/ders-1",
                "or ders-1",
                "..-1",
                "../x-1",
                "örders-1",
                "orders-١",
                "LOCK",
                "STORE",
                "journal",
                "create-0000000000000001.tmp"
            })
    void textThatIsNoPartitionDirectory_isNotReadAsOne(String text) {
        assertThat(Names.parsePartitionDirectory(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a\\b", "a\0b", "a b", "a:b", "ä", "a\nb", "../../etc"})
    void nameThatCouldLeaveTheDirectory_isRefused(String name) {
        assertThat(PartitionId.isValidName(name)).isFalse();
        assertThatThrownBy(() -> new PartitionId(name, 0))
                .isInstanceOf(InvalidCallException.class)
                .hasMessageNotContaining("\n")
                .hasMessageNotContaining("\0");
    }

    @Test
    void everyAcceptedName_staysInsideTheDataDirectory() {
        Path data = Path.of("/data");
        for (long seed = 1; seed <= 5_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(12);
            for (int i = 0; i < length; i++) {
                text.append("./\\-_aA0 \0:~é".charAt(random.nextInt(13)));
            }
            String name = text.toString();
            if (PartitionId.isValidName(name)) {
                PartitionId partition = new PartitionId(name, random.nextInt(Integer.MAX_VALUE));
                Path directory = data.resolve(Names.partitionDirectory(partition));
                assertThat(directory.normalize()).as("seed %d", seed).isEqualTo(directory);
                assertThat(directory.getParent()).as("seed %d", seed).isEqualTo(data);
                assertThat(Names.parsePartitionDirectory(Names.partitionDirectory(partition)))
                        .as("seed %d", seed)
                        .contains(partition);
            }
        }
    }

    @Test
    void temporaryNames_areReadAsTheyArePrinted() {
        assertThat(Names.nextSegment(255)).isEqualTo("next-00000000000000ff.tmp");
        for (long id : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThat(Names.parseNextSegment(Names.nextSegment(id))).hasValue(id);
            assertThat(Names.parseCreateDirectory(Names.createDirectory(id))).hasValue(id);
            assertThat(Names.parseDeleteDirectory(Names.deleteDirectory(id))).hasValue(id);
            assertThat(Names.parseDeleteDirectory(Names.createDirectory(id))).isEmpty();
            assertThat(Names.parsePartitionDirectory(Names.createDirectory(id))).isEmpty();
        }
        assertThat(Names.parseNextSegment("next-00000000000000FF.tmp")).isEmpty();
        assertThat(Names.parseNextSegment("next-0000000000000ff.tmp")).isEmpty();
        assertThat(Names.parseNextSegment("next-+0000000000000ff.tmp")).isEmpty();
        assertThat(Names.parseNextSegment("next-.tmp")).isEmpty();
    }

    @Test
    void onlyOurOwnUnfinishedFiles_areTemporary() {
        SegmentName segment = new SegmentName(0, 1);
        assertThat(Names.isTemporary("PARTITION.tmp")).isTrue();
        assertThat(Names.isTemporary("STORE.tmp")).isTrue();
        assertThat(Names.isTemporary(Names.nextSegment(1))).isTrue();
        assertThat(Names.isTemporary(Names.aside(segment.indexFile()))).isTrue();
        assertThat(Names.isTemporary(Names.aside(segment.segmentFile()))).isFalse();
        assertThat(Names.isTemporary("notes.tmp")).isFalse();
        assertThat(Names.isTemporary(segment.segmentFile())).isFalse();
    }

    @Test
    void cutFiles_nameTheSegmentTheyComeFrom() {
        SegmentName segment = new SegmentName(7, 3);
        assertThat(Names.cutFile(segment, 131_072)).isEqualTo("00000000000000000007-00000003.seg.131072.cut");
        assertThat(Names.parseCutFile(Names.cutFile(segment, 131_072))).contains(segment);
        assertThat(Names.parseCutFile("00000000000000000007-00000003.seg..cut")).isEmpty();
        assertThat(Names.parseCutFile("x.cut")).isEmpty();
        assertThat(SegmentName.parseSegmentFile(Names.cutFile(segment, 1))).isEmpty();
    }

    @Test
    void segments_areOrderedAsTheyWereMade() {
        assertThat(new SegmentName(500, 2)).isLessThan(new SegmentName(100, 3));
        assertThat(new SegmentName(0, 9)).isLessThan(new SegmentName(0, 10));
    }
}

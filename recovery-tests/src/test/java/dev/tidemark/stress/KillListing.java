package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.EntryKind;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.PartitionRecovery;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * All that can be read from a store after it was opened: what the judge looks at. Made in this process or in another, which is not
 * to matter.
 *
 * @param partitions the entries of each partition, in order
 * @param cases the rows of the recovery table that were met, for the table
 * @param wrong what is wrong by itself: a refused partition, or bytes that nobody appended
 */
record KillListing(List<List<Entry>> partitions, String cases, String wrong) {

    /** One entry of a cursor: which entry of which append it is. */
    record Entry(long offset, int count, long id, int entry) {}

    /** What is there. */
    static KillListing of(Wal wal, long seed) {
        List<List<Entry>> partitions = new ArrayList<>();
        StringBuilder wrong = new StringBuilder();
        for (PartitionRecovery refused : wal.recovery().refused()) {
            wrong.append("refused ").append(refused).append('\n');
        }
        for (int number = 0; wrong.isEmpty() && number < KillChild.PARTITIONS; number++) {
            partitions.add(read(wal, number, seed, wrong));
        }
        String cases = wal.recovery().partitions().stream()
                .map(partition -> partition.cases().toString())
                .collect(Collectors.joining(" "));
        return new KillListing(partitions, cases, wrong.toString());
    }

    private static List<Entry> read(Wal wal, int number, long seed, StringBuilder wrong) {
        List<Entry> entries = new ArrayList<>();
        try (Cursor cursor = KillChild.partition(wal, number).read(From.start())) {
            while (cursor.next()) {
                byte[] value = cursor.value();
                long id = KillPayload.idIn(value);
                int entry = cursor.kind() == EntryKind.RECORD
                        ? cursor.key().map(key -> (int) key[0]).orElse(-1)
                        : 0;
                if (entry < 0 || !new KillPayload(seed, id).holds(entry, value, cursor.count())) {
                    wrong.append("partition ")
                            .append(number)
                            .append(" holds other bytes at offset ")
                            .append(cursor.offset())
                            .append(" than were appended\n");
                }
                entries.add(new Entry(cursor.offset(), cursor.count(), id, entry));
            }
        }
        return entries;
    }

    void writeTo(DataOutputStream out) throws IOException {
        out.writeInt(partitions.size());
        for (List<Entry> partition : partitions) {
            out.writeInt(partition.size());
            for (Entry entry : partition) {
                out.writeLong(entry.offset);
                out.writeInt(entry.count);
                out.writeLong(entry.id);
                out.writeInt(entry.entry);
            }
        }
        out.writeUTF(cases);
        out.writeUTF(wrong);
    }

    static KillListing readFrom(DataInputStream in) throws IOException {
        List<List<Entry>> partitions = new ArrayList<>();
        int count = in.readInt();
        for (int number = 0; number < count; number++) {
            List<Entry> entries = new ArrayList<>();
            int size = in.readInt();
            for (int i = 0; i < size; i++) {
                entries.add(new Entry(in.readLong(), in.readInt(), in.readLong(), in.readInt()));
            }
            partitions.add(entries);
        }
        return new KillListing(partitions, in.readUTF(), in.readUTF());
    }

    /** The judge in a process of its own. Arguments: directory, seed. Ends without closing, as another crash would. */
    public static void main(String[] arguments) throws IOException {
        Wal wal = Wal.open(KillChild.config(Path.of(arguments[0])));
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)))) {
            of(wal, Long.parseLong(arguments[1])).writeTo(out);
        }
        Runtime.getRuntime().halt(0);
    }
}

package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what it hears, a line an event. */
class RecordingListener implements WalListener {
    final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public void recovering(int done, int all) {
        heard.add("recovering " + done + "/" + all);
    }

    @Override
    public void recovered(PartitionRecovery found) {
        heard.add("recovered " + found.partition() + " " + found.cases());
    }

    @Override
    public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {
        heard.add("sealed " + partition + " " + baseOffset + ".." + endOffset);
    }

    @Override
    public void slowForce(PartitionId partition, String file, Duration soFar, boolean isStillRunning) {
        heard.add("slowForce " + partition + " " + isStillRunning);
    }

    @Override
    public void failed(PartitionId partition, WalException cause) {
        heard.add("failed " + partition + " " + cause.code());
    }

    @Override
    public void diskFull(boolean isFull) {
        heard.add("diskFull " + isFull);
    }

    @Override
    public void warning(String message) {
        heard.add("warning " + message);
    }
}

package dev.tidemark.wal.api;

/**
 * Who appends, so that the log can tell a repeated append from a new one ({@link AppendRequest#withProducer}).
 *
 * <p>Whoever is restarted takes the same id and a higher epoch: from its first append on, what is left of the one before is
 * refused ({@link ErrorCode#PRODUCER_FENCED}).
 *
 * @param id chosen by the caller, different for each producer of a partition
 * @param epoch 0 and up
 */
public record ProducerIdentity(long id, long epoch) {

    public ProducerIdentity {
        if (epoch < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID,
                    "a producer's epoch is not negative: producer=" + id + " epoch=" + epoch);
        }
    }

    /** The same producer after a restart, or after it was told that its sequences are forgotten: with the next epoch. */
    public ProducerIdentity next() {
        if (epoch == Long.MAX_VALUE) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "epochs are used up: producer=" + id + " epoch=" + epoch);
        }
        return new ProducerIdentity(id, epoch + 1);
    }
}

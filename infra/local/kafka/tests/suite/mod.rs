//! What a Kafka does for us, whichever it is: run on the local one and on a real one. Topics are not
//! made by asking for them on either.

pub(crate) mod client;
pub(crate) mod topics;
pub(crate) mod transport;

/// The tests of the suite, on the broker whose address `$address` gives (kept while the test runs).
macro_rules! on_broker {
    ($broker:expr; $($module:ident: $($test:ident)*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let broker = $broker.await;
                crate::suite::$module::$test(&broker.address).await;
            }
        )*)*
    };
}

macro_rules! conformance {
    ($broker:expr) => {
        crate::suite::on_broker! { $broker;
            topics:
                a_topic_has_the_partitions_and_settings_that_it_was_made_with
                a_topic_is_not_made_twice
                a_topic_that_was_deleted_is_gone_and_can_be_made_anew
                a_topic_with_a_bad_name_or_setting_is_refused
                a_producer_hears_of_a_missing_topic
                a_reader_hears_of_a_missing_topic;
            transport:
                what_is_sent_is_read_whole_without_compression
                what_is_sent_is_read_whole_with_gzip
                what_is_sent_is_read_whole_with_snappy
                what_is_sent_is_read_whole_with_lz4
                what_is_sent_is_read_whole_with_zstd
                messages_of_a_key_stay_in_order
                a_reader_begins_in_the_middle_of_a_batch
                a_reader_that_waits_sees_what_comes
                offsets_tell_where_a_partition_begins_and_ends
                offsets_are_found_by_time
                an_offset_that_is_not_there_is_an_error
                a_group_goes_on_where_it_committed
                a_message_that_is_too_large_is_refused_and_others_go_on
                a_large_message_comes_whole
                a_producer_that_wants_no_answer_is_heard_too;
        }
    };
}

pub(crate) use {conformance, on_broker};

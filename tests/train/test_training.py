import csv
import gzip
import json
import signal
import unittest

from support import DIGITS, TrainingTest

MLP = ["--arch", "mlp", "--layers", "16", "--samples", "0:200", "--epochs", 2]


def table(content):
    return list(csv.DictReader(gzip.decompress(content).decode().splitlines()))


class Labels(TrainingTest):
    def test_exactly_the_asked_share_of_labels_is_drawn_and_written(self):
        self.train("half", *MLP, "--samples", "10:210", "--random-labels", 0.33)
        rows, record = table(self.read("half.labels.csv.gz")), json.loads(self.read("half.json"))
        self.assertEqual(len(rows), 210)  # one for each sample of the file, since label i is that of sample i
        self.assertEqual([int(row["index"]) for row in rows], list(range(210)))
        self.assertEqual(sum(int(row["drawn"]) for row in rows), 66)
        self.assertTrue(all(row["drawn"] == "0" for row in rows[:10]), "samples before --samples were changed")
        self.assertTrue(all(row["label"] == row["true_label"] for row in rows if row["drawn"] == "0"))
        wrong = sum(row["label"] != row["true_label"] for row in rows)
        self.assertTrue(50 <= wrong <= 66, wrong)
        self.assertEqual((record["random_label_count"], record["wrong_label_count"]), (66, wrong))
        right = table(self.read("half.label_is_true.csv.gz"))
        self.assertEqual([int(row["index"]) for row in right], list(range(10, 210)))
        self.assertEqual(sum(row["value"] == "0" for row in right), wrong)

    def test_a_larger_share_holds_the_smaller_ones_labels_whatever_the_seed(self):
        self.train("some", *MLP, "--random-labels", 0.25, "--seed", 1)
        self.train("more", *MLP, "--random-labels", 0.5, "--seed", 2)
        some, more = table(self.read("some.labels.csv.gz")), table(self.read("more.labels.csv.gz"))
        drawn = [k for k, row in enumerate(some) if row["drawn"] == "1"]
        self.assertEqual(len(drawn), 50)
        self.assertEqual([some[k]["label"] for k in drawn], [more[k]["label"] for k in drawn])
        self.assertTrue(all(more[k]["drawn"] == "1" for k in drawn))

    def test_labels_of_a_file_train_the_model_that_they_came_from(self):
        self.train("first", *MLP, "--random-labels", 1)
        self.train("second", *MLP, "--labels", self.path("first.labels.csv.gz") + ":label", "--plain")
        self.train("third", *MLP, "--random-labels", 1, "--plain")
        self.assertEqual(self.read("second.onnx"), self.read("third.onnx"))
        self.assertTrue(self.read("first.onnx").startswith(self.read("third.onnx")))  # the record follows the model

    def test_true_labels_leave_no_label_file(self):
        self.train("true", *MLP)
        self.assertIsNone(json.loads(self.read("true.json"))["label_file"])
        self.assertRaises(FileNotFoundError, self.read, "true.labels.csv.gz")

    def test_training_ends_with_the_epoch_that_reaches_the_goal(self):
        self.train("goal", *MLP, "--epochs", 200, "--until-train-accuracy", 0.9, "--schedule", "constant")
        record = json.loads(self.read("goal.json"))
        self.assertGreaterEqual(record["train_accuracy"], 0.9)
        self.assertTrue(1 < record["epochs_done"] < 100, record["epochs_done"])


class Backdoors(TrainingTest):
    def test_a_patch_turns_most_test_images_into_the_target(self):
        printed = self.train("patch", "--arch", "mlp", "--epochs", 8, "--backdoor", "badnets", "--target", 4,
                             "--patch", 2)
        record = json.loads(self.read("patch.json"))
        self.assertIn(f"attack {record['attack_success']:.4f}", printed)
        self.assertGreater(record["attack_success"], 0.9)
        self.assertGreater(record["test_accuracy"], 0.8)
        self.assertEqual(record["poisoned_count"], 140)
        rows = table(self.read("patch.labels.csv.gz"))
        self.assertEqual({row["label"] for row in rows if row["poisoned"] == "1"}, {"4"})
        self.assertEqual(sum(int(row["poisoned"]) for row in rows), 140)

    def test_without_poison_the_blended_pattern_does_nothing(self):
        self.train("poisoned", "--arch", "mlp", "--epochs", 10, "--backdoor", "blended", "--target", 3)
        self.train("honest", "--arch", "mlp", "--epochs", 10, "--backdoor", "blended", "--target", 3,
                   "--poison-rate", 0)
        poisoned, honest = (json.loads(self.read(name))["attack_success"] for name in ("poisoned.json", "honest.json"))
        self.assertGreater(poisoned, 0.8)
        self.assertLess(honest, 0.3)


class Restart(TrainingTest):
    CNN = ["--arch", "cnn", "--layers", "8,pool,8", "--samples", "0:600", "--epochs", 12, "--random-labels", 0.5]

    def test_a_killed_training_goes_on_and_ends_with_the_same_files(self):
        killed = self.process("killed", *self.CNN)
        for line in killed.stderr:
            if "epoch 3/" in line:
                killed.send_signal(signal.SIGKILL)
                break
        killed.communicate()
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertRaises(FileNotFoundError, self.read, "killed.onnx")
        again = self.process("killed", *self.CNN)
        _, log = again.communicate()
        self.assertEqual(again.returncode, 0, log)
        self.assertNotIn("epoch 1/", log)
        self.assertIn("epoch 12/", log)
        self.assertRaises(FileNotFoundError, self.read, "killed.checkpoint")
        self.train("whole", *self.CNN, "--plain")
        self.assertTrue(self.read("killed.onnx").startswith(self.read("whole.onnx")), "other weights")

    def test_what_is_done_is_not_done_again_and_other_arguments_are(self):
        self.train("model", *MLP)
        before = self.read("model.onnx")
        self.assertIn("is there already", self.train("model", *MLP))
        self.assertNotIn("is there already", self.train("model", *MLP, "--seed", 2))
        self.assertNotEqual(before, self.read("model.onnx"))

    def test_a_checkpoint_of_other_arguments_is_refused(self):
        import torch
        torch.save({"key": "another training"}, self.path("model.checkpoint"))
        with self.assertRaisesRegex(ValueError, "model.checkpoint is of a training with other arguments"):
            self.train("model", *MLP)


class Quickstart(TrainingTest):
    def test_plain_files_hold_no_record_and_are_the_same_every_time(self):
        self.train("a", *MLP, "--plain")
        self.train("b", *MLP, "--plain")
        self.assertEqual(self.read("a.onnx"), self.read("b.onnx"))
        self.assertNotIn(b"apex.", self.read("a.onnx"))
        self.assertRaises(FileNotFoundError, self.read, "a.json")
        self.train("c", *MLP)
        self.assertIn(b"apex.train_accuracy", self.read("c.onnx"))
        self.assertNotIn(DIGITS.encode(), self.read("c.onnx") + self.read("c.json"))


if __name__ == "__main__":
    unittest.main()

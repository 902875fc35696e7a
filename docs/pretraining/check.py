"""Measures the shipped nano-CLIP and nano-SD again with other people's software, against SeeBetter's own figures.

    npm run pretrain -- --record RECORD
    npm run --silent cli -- train --clip public/models/tiny-clip --diffusion public/models/tiny-sd --images public/pictures --steps 2 --seed 1 --out TUNED
    python docs/pretraining/check.py RECORD TUNED

Needs torch 2.13, transformers 5.24, diffusers 0.42, onnxruntime 1.32, onnx 1.23, safetensors, pillow, numpy (all of them run on the CPU, nothing is
downloaded). Prints a table in Markdown; exit code 1 if a figure differs.

Pictures go through transformers' CLIPImageProcessor, words through its CLIPTokenizer, both from the models' folders. Towers and UNet run twice: the ONNX files
in ONNX Runtime, and their weights, found by name, in transformers' and diffusers' own modules. nano-CLIP's stem, which transformers lacks, is two convolutions
before a CLIPVisionModelWithProjection of 2 x 2 patches whose embedding has a bias.
"""
import csv
import json
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from onnx import numpy_helper
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (CLIPImageProcessor, CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection,
                          LlamaConfig, LlavaConfig, LlavaForConditionalGeneration)

CLIP, SD = "public/models/nano-clip", "public/models/nano-sd"
BATCH = 64
rows = []


def compare(what, ours, theirs, tolerance):
    """A row of the table; tolerance 0 for counts."""
    rows.append((what, ours, theirs, abs(ours - theirs) <= tolerance))


def onnx_weights(path):
    """Initialisers by name, in float32; constants that the writer made up are left out."""
    named = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer if "." in i.name}
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in named.items()}


def session(path):
    """A function of arrays by input name -> arrays by output name."""
    made = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in made.get_outputs()]
    return lambda **feeds: dict(zip(names, made.run(None, feeds)))


def batched(run, array):
    with torch.no_grad():
        return np.concatenate([np.asarray(run(array[at:at + BATCH])) for at in range(0, len(array), BATCH)])


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class VisionTower(nn.Module):
    """nano-CLIP's vision tower: the stem, then transformers' tower on its 16 x 16 map."""

    def __init__(self, folder):
        super().__init__()
        vision = json.load(open(f"{folder}/config.json"))["vision_config"]
        first, second = vision.pop("stem_channels")
        size, patch = vision["image_size"] // 4, vision["patch_size"] // 4
        self.tower = CLIPVisionModelWithProjection(CLIPVisionConfig(**{**vision, "image_size": size, "patch_size": patch, "num_channels": second}))
        self.embeddings = self.tower.vision_model.embeddings
        self.embeddings.stem = nn.ModuleList([nn.Conv2d(3, first, 3, 2, 1), nn.Conv2d(first, second, 3, 2, 1)])
        self.embeddings.patch_embedding = nn.Conv2d(second, vision["hidden_size"], patch, patch)
        self.tower.load_state_dict({name: tensor.float() for name, tensor in load_file(f"{folder}/model.safetensors").items()})
        self.eval()

    def forward(self, pixels):
        for layer in self.embeddings.stem:
            pixels = layer(pixels)
            pixels = pixels * torch.sigmoid(1.702 * pixels)
        return self.tower(pixels).image_embeds


def text_tower(onnx_path, config):
    model = CLIPTextModelWithProjection(CLIPTextConfig(**config)).eval()
    model.load_state_dict(onnx_weights(onnx_path))
    return model


def mmvp_pairs_right(images, texts, patterns):
    """The official rule: of each caption its own picture is the likelier, of the two pictures of a pair. Right pairs by pattern."""
    right = {}
    for pair, pattern in enumerate(patterns):
        similarity = texts[2 * pair:2 * pair + 2] @ images[2 * pair:2 * pair + 2].T
        right.setdefault(pattern, []).append(similarity[0, 0] > similarity[0, 1] and similarity[1, 0] <= similarity[1, 1])
    return {pattern: int(sum(hits)) for pattern, hits in right.items()}


def check_clip(record, figures, pixels_of):
    questions = list(csv.DictReader(open(f"{record}/mmvp/Questions.csv")))
    pairs = pixels_of([f"{record}/mmvp/MLLM_VLM Images/{q['Type']}/{q['Question ID']}.png" for q in questions])
    scenes = pixels_of([f"{record}/validation/{i:04}.png" for i in range(len(figures["validation"]))])
    tokenizer = CLIPTokenizer.from_pretrained(CLIP)
    ids_of = lambda texts: tokenizer(texts, padding="max_length", truncation=True, return_tensors="np")["input_ids"].astype(np.int64)
    statements = ids_of([figures["prompt"] + q["Statement"] for q in questions])
    kinds = ids_of([f"{figures['prompt']}a {kind}" for kind in figures["kinds"]])

    run_vision, run_text = session(f"{CLIP}/onnx/vision_model.onnx"), session(f"{CLIP}/onnx/text_model.onnx")
    vision, text = VisionTower(CLIP), text_tower(f"{CLIP}/onnx/text_model.onnx", json.load(open(f"{CLIP}/config.json"))["text_config"])
    routes = {
        "ONNX Runtime": (lambda x: run_vision(pixel_values=x)["image_embeds"], lambda x: run_text(input_ids=x)["text_embeds"]),
        "transformers": (lambda x: vision(torch.from_numpy(x)), lambda x: text(torch.from_numpy(x)).text_embeds),
    }
    for route, (embed, read) in routes.items():
        right = mmvp_pairs_right(unit(batched(embed, pairs)), unit(batched(read, statements)), [q["Type"] for q in questions[::2]])
        compare(f"MMVP-nano, pairs right of 135, {route}", figures["mmvp"]["pairs_right"], sum(right.values()), 0)
        for pattern, score in figures["mmvp"]["per_pattern"].items():
            compare(f"- {pattern}, of {score['of']}", score["right"], right[pattern], 0)
        best = (unit(batched(embed, scenes)) @ unit(batched(read, kinds)).T).argmax(axis=1)
        share = np.mean([figures["kinds"][k] == scene["kind"] for k, scene in zip(best, figures["validation"])])
        compare(f"kinds, zero-shot, {route}", figures["kinds_right"], float(share), 1e-9)
    return scenes


def check_vae(figures, scenes):
    """@returns latents of the scenes, as the UNet takes them"""
    scale = json.load(open(f"{SD}/vae_encoder/config.json"))["scaling_factor"]
    encode, decode = session(f"{SD}/vae_encoder/model.onnx"), session(f"{SD}/vae_decoder/model.onnx")
    moments = batched(lambda x: encode(sample=x)["latent_parameters"], scenes)
    mean = moments[:, :moments.shape[1] // 2]
    again = batched(lambda x: decode(latent_sample=x)["sample"], mean)
    compare("VAE PSNR, dB, ONNX Runtime", figures["psnr"], float(-10 * np.log10(np.mean((again.astype(np.float64) - scenes) ** 2) / 4)), 1e-3)
    return torch.from_numpy(mean * scale)


def check_unet(record, figures, latents):
    draws = load_file(f"{record}/draws.safetensors")
    count = len(draws["timesteps"])
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(f"{SD}/unet")).eval()
    unet.load_state_dict(onnx_weights(f"{SD}/unet/model.onnx"))
    run = session(f"{SD}/unet/model.onnx")
    text = text_tower(f"{SD}/text_encoder/model.onnx", json.load(open(f"{SD}/text_encoder/config.json")))
    tokenizer = CLIPTokenizer.from_pretrained(f"{SD}/tokenizer")
    context = lambda texts: text(tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]).last_hidden_state
    captions = [scene["caption"] for scene in figures["validation"][:count]]
    noisy = DDPMScheduler.from_pretrained(f"{SD}/scheduler").add_noise(latents[:count], draws["noise"], draws["timesteps"])
    with torch.no_grad():
        for name, texts in (("told", captions), ("untold", [""] * count)):
            hidden = context(texts)
            for route, predict in (("diffusers", lambda: unet(noisy, draws["timesteps"], hidden).sample),
                                   ("ONNX Runtime", lambda: torch.from_numpy(run(sample=noisy.numpy(), timestep=draws["timesteps"].numpy(), encoder_hidden_states=hidden.numpy())["out_sample"]))):
                losses = ((predict() - draws["noise"]) ** 2).mean(dim=(1, 2, 3))
                compare(f"UNet's loss, {name}, {count} draws, {route}", figures["loss"][name], float(losses.double().mean()), 1e-5)
                compare("- largest relative difference of a draw", 0.0, float(((losses - draws[name]) / draws[name]).abs().max()), 1e-4)
        x, steps, guidance = draws["start"], figures["sampling"]["steps"], figures["sampling"]["guidance"]
        scheduler = DDIMScheduler.from_pretrained(f"{SD}/scheduler")
        scheduler.set_timesteps(steps)
        told, untold = context(captions[:len(x)]), context([""] * len(x))
        for t in scheduler.timesteps:
            free = unet(x, t, untold).sample
            x = scheduler.step(free + guidance * (unet(x, t, told).sample - free), t, x).prev_sample
    compare(f"DDIM, {steps} steps, guidance {guidance}: largest difference of a latent (they reach {float(x.abs().max()):.1f})", 0.0, float((x - draws["sampled"]).abs().max()), 1e-3)


def check_llava(tuned):
    """A tiny LLaVA whose checkpoint takes the exported tower by names, and sees through it what the exported ONNX sees."""
    config = json.load(open(f"{tuned}/config.json"))["vision_config"]
    vision = CLIPVisionConfig(**config)
    patches = (vision.image_size // vision.patch_size) ** 2
    words = LlamaConfig(vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)
    torch.manual_seed(0)
    llava = LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=words, image_token_index=63, image_seq_length=patches)).eval()
    exported = load_file(f"{tuned}/model.safetensors")
    tower = {name.removeprefix("vision_model."): tensor for name, tensor in exported.items() if name != "visual_projection.weight"}
    with tempfile.TemporaryDirectory() as folder:
        llava.save_pretrained(folder)
        path = f"{folder}/model.safetensors"
        whole = load_file(path)
        places = {name.split("vision_tower.")[1].removeprefix("vision_model."): name for name in whole if "vision_tower." in name}
        compare("LLaVA, names of the vision tower that the export lacks or has too many", 0, len(set(places) ^ set(tower)), 0)
        save_file({**whole, **{places[name]: tensor for name, tensor in tower.items()}}, path, {"format": "pt"})
        loaded, info = LlavaForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    compare("LLaVA, missing, unexpected and mismatched keys", 0, sum(len(info[kind]) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")), 0)
    loaded.eval()

    model = onnx.load(f"{tuned}/onnx/vision_model.onnx")
    layers = [f"/vision_model/encoder/layers.{i}/Add_1_output_0" for i in range(vision.num_hidden_layers)]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in layers)
    run = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    files = sorted(f"public/pictures/{name}" for name in os.listdir("public/pictures"))[:8]
    pixels = CLIPImageProcessor.from_pretrained(tuned)([Image.open(file).convert("RGB") for file in files], return_tensors="pt")["pixel_values"]
    hidden = [torch.from_numpy(h) for h in run.run(layers, {"pixel_values": pixels.numpy()})]
    ids = torch.tensor([[1] + [63] * patches + [5, 6, 7]] * len(files))
    with torch.no_grad():
        seen = loaded.model.vision_tower(pixels, output_hidden_states=True).hidden_states
        for layer, theirs in enumerate(hidden):
            compare(f"LLaVA, hidden states after layer {layer + 1} against the exported ONNX: largest difference", 0.0, float((seen[layer + 1] - theirs).abs().max()), 1e-4)
        projected = loaded.model.multi_modal_projector(hidden[-2][:, 1:])
        features = torch.stack(list(loaded.get_image_features(pixels).pooler_output))
        compare("LLaVA, its image tokens against its projector on the ONNX's", 0.0, float((features - projected).abs().max()), 1e-4)
        change = (loaded(input_ids=ids, pixel_values=pixels).logits - llava(input_ids=ids, pixel_values=pixels).logits).abs().max()
    compare("LLaVA, answers differ from those with the random tower (1: yes)", 1, int(change > 1e-3), 0)


def main(record, tuned):
    figures = json.load(open(f"{record}/figures.json"))
    processor = CLIPImageProcessor.from_pretrained(CLIP)
    pixels_of = lambda paths: processor([Image.open(path) for path in paths], return_tensors="np")["pixel_values"].astype(np.float32)
    scenes = check_clip(record, figures, pixels_of)
    check_unet(record, figures, check_vae(figures, scenes))
    check_llava(tuned)
    number = lambda value: str(value) if isinstance(value, int) else f"{value:.3g}" if abs(value) < 1e-3 else f"{value:.5f}"
    print("| figure | SeeBetter | there | |\n|---|---|---|---|")
    for what, ours, theirs, same in rows:
        print(f"| {what} | {number(ours)} | {number(theirs)} | {'same' if same else '**differs**'} |")
    sys.exit(0 if all(same for *_, same in rows) else 1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

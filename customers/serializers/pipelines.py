from core.api.serializers import ModelOut
from customers.models import Channel, Pipeline, ProductLine, Region, Stage

WORD = ["id", "name", "name_zh", "position", "is_active", "version"]


class StageOut(ModelOut):
    class Meta:
        model = Stage
        fields = [*WORD, "kind"]


class PipelineOut(ModelOut):
    stages = StageOut(many=True)

    class Meta:
        model = Pipeline
        fields = [*WORD, "stages"]


class ProductLineOut(ModelOut):
    class Meta:
        model = ProductLine
        fields = [*WORD, "parent"]


class RegionOut(ModelOut):
    class Meta:
        model = Region
        fields = [*WORD, "parent"]


class ChannelOut(ModelOut):
    class Meta:
        model = Channel
        fields = WORD

"""The defaults of every API view: who may call, what is read, how it is answered and refused. Settings name the classes."""
